-- A rule may apply to some networks only. Rules there are apply to all.

ALTER TABLE _access ADD COLUMN applied_to cidr[], ALTER COLUMN applied_to SET DEFAULT '{0.0.0.0/0}';
UPDATE _access SET applied_to = DEFAULT;
