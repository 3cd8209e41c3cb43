SET standard_conforming_strings = off;
SELECT 'a\'; --';
SET standard_conforming_strings TO 'on';
SELECT 'b\';
SET NAMES 'sjis';
