SET standard_conforming_strings = off;
INSERT INTO t SELECT 'a\'; --';
SET standard_conforming_strings TO 'on';
INSERT INTO t SELECT 'b\';
SET NAMES 'sjis';
