-- How did some transactions ($1: their numbers) end, whose clients have ended? A session that is still working on one
-- is terminated, and the question must be asked again. The answer is itself a commit that waits for the server's
-- disk. What was committed before precedes it in the log, so it is on disk, too.
SELECT txid_status(t.number),
	CASE WHEN txid_status(t.number) = 'in progress' THEN concat(
		(SELECT count(pg_terminate_backend(a.pid)) FROM pg_catalog.pg_stat_activity a
			WHERE a.backend_xid::text::bigint = t.number % 4294967296
			AND pg_has_role(a.usesysid, 'USAGE')), -- what we may not end we can but wait for
		pg_sleep(0.05)) END,
	-- a transaction that writes nothing to the log would not wait
	(SELECT pg_logical_emit_message(true, 'metamodel', 'flush')),
	(SELECT CASE current_setting('synchronous_commit')
		WHEN 'off' THEN set_config('synchronous_commit', 'local', true) END)
FROM unnest($1::bigint[]) WITH ORDINALITY AS t (number, rank)
ORDER BY t.rank
