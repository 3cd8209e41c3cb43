INSERT INTO t SELECT E'a\'b''c', U&'\0061', U&"x""y", N'n', B'01', X'1F', $$ $a$ $$, $t$ $$ $t$, 'a''b\';
\! id
