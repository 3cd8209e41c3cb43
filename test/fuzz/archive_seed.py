#!/usr/bin/python3
# SPDX-License-Identifier: PostgreSQL
"""Make seeds of the fuzzer from an archive of pg_dump -Fc -Z0 of PostgreSQL 12 to 15 (format 1.14), as
other versions of pg_dump would have written it:

    archive_seed.py ARCHIVE MINOR BYTES VERSION > SEED      such as  1.14.seed 16 4 17.6

MINOR is that of the format, BYTES the size of its integers, VERSION that of the pg_dump."""

import sys

RELKINDS = {b"TABLE": b"r", b"VIEW": b"v", b"MATERIALIZED VIEW": b"m", b"SEQUENCE": b"S"}
OFFSET_BYTES = 1 + 8


class Archive:
    """One that is read, and what is written from it."""

    def __init__(self, data, minor, size, version):
        self.data, self.at, self.out = data, 0, bytearray()
        self.minor, self.size, self.version = minor, size, version

    def take(self, length):
        self.at += length
        return self.data[self.at - length:self.at]

    def take_integer(self):
        sign, value = self.take(1)[0], int.from_bytes(self.take(4), "little")
        return -value if sign else value

    def put_integer(self, value):
        self.out += bytes([value < 0]) + abs(value).to_bytes(self.size, "little")

    def integer(self):
        value = self.take_integer()
        self.put_integer(value)
        return value

    def take_text(self):
        length = self.take_integer()
        return None if length < 0 else self.take(length)

    def put_text(self, text):
        self.put_integer(-1 if text is None else len(text))
        self.out += text or b""

    def text(self):
        text = self.take_text()
        self.put_text(text)
        return text

    def head(self):
        assert self.take(11) == b"PGDMP\x01\x0e\x00\x04\x08\x01" and self.take_integer() == 0
        self.out += b"PGDMP\x01" + bytes([self.minor, 0, self.size, 8, 1])
        if self.minor >= 15:
            self.out.append(0)
        else:
            self.put_integer(0)
        for _ in range(7):
            self.integer()
        self.text()
        self.text()
        self.take_text()
        self.put_text(self.version.encode())

    def entry(self):
        self.integer()
        self.integer()
        for _ in range(3):
            self.text()
        desc = self.text()
        self.integer()
        for _ in range(6):
            self.text()
        if self.minor >= 16:
            self.put_integer(ord(RELKINDS.get(desc, b"\0")))
        self.text()
        while self.text() is not None:
            pass
        self.out += self.take(OFFSET_BYTES)

    def block(self):
        self.out += self.take(1)
        self.integer()
        while length := self.integer():
            self.out += self.take(length)

    def convert(self):
        self.head()
        for _ in range(self.integer()):
            self.entry()
        while self.at < len(self.data):
            self.block()
        return bytes(self.out)


path, minor_text, size_text, version_text = sys.argv[1:]
with open(path, "rb") as file:
    sys.stdout.buffer.write(Archive(file.read(), int(minor_text), int(size_text), version_text).convert())
