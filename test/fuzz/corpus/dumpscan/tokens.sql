/* a /* b */ c **/ INSERT INTO t SELECT 1 -- x
+ 2.5e-3 - .5 / 1..2 :: text, a[1:n], :DBNAME, $1;
