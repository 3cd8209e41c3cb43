-- In that transaction, after the dump was loaded: are the privileges on the account's relations and their columns
-- those in the dump? Default privileges of the role that creates them add some or remove some. These cannot be
-- changed, since two concurrent transactions cannot change the same row of pg_default_acl; so their effect is undone
-- here, before anybody has seen it. Any other difference is an error. The search_path makes sure that only the
-- system's functions and operators are called.
SET search_path = pg_catalog;
DO $restore$
DECLARE
	this_account constant text := convert_from(decode(':account_hex', 'hex'), getdatabaseencoding());
	-- The GRANTs and REVOKEs of the dump, as dump/rights.h formats them.
	list constant text := (SELECT string_agg(current_setting('metamodel.rights_' || n), '' ORDER BY n)
		FROM generate_series(1, :chunks) n);
	differences constant text := $differences$ :differences $differences$;
	difference record;
	before text := current_setting('role');
	goes_on boolean := true;
	differs boolean;
BEGIN
	IF :has_session THEN
		RESET SESSION AUTHORIZATION;
		before := current_setting('role');
	END IF;
	-- First revoke what is too much, and what depends on that; then grant what is missing, until no role can grant
	-- more.
	FOR round IN 1..10 LOOP
		EXIT WHEN NOT goes_on AND round > 2;
		goes_on := false;
		differs := false;
		FOR difference IN EXECUTE differences USING this_account, list LOOP
			differs := true;
			CONTINUE WHEN difference.extra <> (round = 1) OR difference.extra AND difference.grantor IS NOT NULL;
			BEGIN
				IF difference.grantor IS NOT NULL THEN
					PERFORM set_config('role', difference.grantor, true);
				END IF;
				EXECUTE format(CASE WHEN difference.extra THEN 'REVOKE %s%s ON %s %s FROM %s CASCADE'
					ELSE 'GRANT %s%s ON %s %s TO %s' END, difference.privilege,
					' (' || quote_ident(difference.col) || ')', difference.kind, difference.relation,
					difference.grantee) || CASE WHEN difference.grantable AND NOT difference.extra
					THEN ' WITH GRANT OPTION' ELSE '' END;
				goes_on := true;
				PERFORM set_config('role', before, true);
			EXCEPTION
				WHEN insufficient_privilege THEN NULL; -- compared again below
			END;
		END LOOP;
		IF NOT differs THEN -- most often at once; each time it is planned anew
			RETURN;
		END IF;
	END LOOP;
	EXECUTE differences INTO difference USING this_account, list;
	IF difference.relation IS NOT NULL THEN
		RAISE EXCEPTION 'the rights on % are not those of its dump: % % %', difference.relation
			|| coalesce(' (' || difference.col || ')', ''), difference.grantee,
			CASE WHEN difference.extra THEN 'has' ELSE 'lacks' END, difference.privilege;
	END IF;
END
$restore$
