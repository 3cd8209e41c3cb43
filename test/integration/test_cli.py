# SPDX-License-Identifier: PostgreSQL
"""The command line and what is common to all commands."""

import os
import re
import shutil
from types import SimpleNamespace

import pytest
from support import ROOT, Metamodel

BINARY = os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel")
NOWHERE = SimpleNamespace(host="/nonexistent", port="1", user="nobody")
RAW_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
HINT = re.compile(r"metamodel: hint: (Try 'metamodel( [a-z]+)? --help'|Did you mean '[a-z-]+'\?)")
COMMANDS = ["save", "restore", "upgrade", "status", "verify", "list", "show", "diff", "check", "help"]


@pytest.fixture
def offline(tmp_path):
    """The program, with no server anywhere."""
    program = Metamodel(BINARY, tmp_path, NOWHERE, "none")
    yield program
    program.end()


@pytest.fixture
def dumped(metamodel, db):
    """dumped(ARG...): what a save with two accounts and these arguments dumps."""
    db.add_accounts("agentzh", "onccf")

    def run(*args, **opts):
        metamodel.run(*args, **opts)
        return metamodel.tree().accounts()

    return run


def usage_error(result):
    """The one line that says what is wrong with the command line."""
    lines = result.stderr.splitlines()
    assert len(lines) == 2 and HINT.fullmatch(lines[1]), result
    assert lines[0].startswith("metamodel: error: ") and result.stdout == "", result
    return lines[0].removeprefix("metamodel: error: ")


class TestMistakes:
    @pytest.mark.parametrize("args, named", [
        (["--frobnicate", "save"], "--frobnicate"),
        (["save", "--frobnicate=secret"], "--frobnicate"),
        (["save", "-Z"], "-Z"),
        (["save", "-qZ"], "-Z"),
        (["save", "--jobs"], "--jobs"),
        (["save", "-j"], "--jobs"),
        (["save", "-j", ""], "--jobs"),
        (["save", "-j", "0"], "--jobs"),
        (["save", "-j", "2x"], "--jobs"),
        (["save", "-j", "-1"], "--jobs"),
        (["save", "-j", " 2"], "--jobs"),
        (["save", "-j", "99999999999999999999"], "--jobs"),
        (["save", "--keep=0"], "--keep"),
        (["save", "--timeout=1.5"], "--timeout"),
        (["save", "--lock-wait=-5"], "--lock-wait"),
        (["save", "--port=65536"], "--port"),
        (["save", "--progress=sometimes"], "--progress"),
        (["save", "--quiet=yes"], "--quiet"),
        (["save", "--p=1"], "--p"),
        (["save", "-D", ""], "--directory"),
        (["save", "-D", "x/.."], "--directory"),
        (["verify", "--strict"], "--strict"),
        (["verify", "-h", "localhost"], "--host"),
        (["verify", "a", "b"], "two directories: 'a', 'b'"),
        (["verify", "-D", "a", "b"], "two directories: 'a', 'b'"),
        (["save", ".a.com", ".b.com"], "two host suffixes: '.a.com', '.b.com'"),
        (["save", ""], "account name"),
        (["sav"], "unknown command 'sav'"),
        (["save-metamodel"], "unknown command 'save-metamodel'"),
        (["SAVE"], "unknown command 'SAVE'"),
        ([""], "unknown command ''"),
        ([], "no command"),
        (["-q"], "no command"),
        (["--"], "no command"),
        (["save", "-q", "-v"], "--quiet and --verbose cannot be used together"),
        (["verify", "-vq"], "--quiet and --verbose cannot be used together"),
        (["save", "-wW"], "--no-password and --password cannot be used together"),
    ], ids=lambda value: "_".join(value) if isinstance(value, list) else "")
    def test_they_are_named_in_one_line_with_a_way_to_help(self, offline, args, named):
        result = offline.run(*args, expect=2)
        assert named in usage_error(result) and "secret" not in result.stderr
        assert list(offline.cwd.iterdir()) == []

    def test_no_arguments_at_all_are_no_crash(self, offline):
        # Not even argv[0]; Linux 5.18 and later put an "" there.
        script = ("import ctypes, sys; "
                  "ctypes.CDLL(None).execv(sys.argv[1].encode(), (ctypes.c_char_p * 1)(None))")
        result = offline.run("-c", script, offline.binary, program="/usr/bin/python3", expect=2)
        assert "no command" in usage_error(result)

    @pytest.mark.parametrize("args", [
        ["sa\x1b[2Jve"], ["save", "--fo\x1b[2Jo"], ["save", "-\x1b"], ["save", "-j", "\x1b[2J"],
        ["save", "--progress", "\r\x08\x7f"], ["verify", "\x1b[2J\n"], ["verify", "\x9b2J"],
        ["save", ".a", ".\x1b"], ["save", "-c", "\x1b[2J"], ["save", "-\x9b"]],
        ids=lambda args: repr(" ".join(args)))
    def test_control_characters_in_them_do_not_reach_the_terminal(self, offline, args):
        result = offline.run(*args, check=False)
        assert result.returncode in (1, 2) and result.stderr
        assert not RAW_CONTROLS.search(result.stderr), repr(result.stderr)


class TestHelp:
    def test_every_option_is_in_it_and_it_fits_a_terminal(self, offline):
        pages = [offline.run("--help"), *(offline.run(command, "--help") for command in COMMANDS)]
        text = "".join(page.stdout for page in pages)
        sample = (ROOT / "doc" / "metamodel.conf.sample").read_text().split("\n[metamodel]\n")[1].split("\n[model]\n")[0]
        options = re.findall(r"^;([a-z-]+) =", sample, re.M) + ["config", "help", "version"]
        assert len(options) >= 20 and all(page.stderr == "" for page in pages)
        for option in options:
            assert re.search(rf"^  (-., |    )--{option}[ =[]", text, re.M), option
        assert max(len(line) for line in text.splitlines()) <= 90
        assert not re.search("\t|[ ]+$", text, re.M)

    def test_it_lists_every_command(self, offline):
        groups = offline.run("--help").stdout.split("\n\nOptions of every command:\n")[0]
        assert re.findall(r"^  ([a-z]+)  ", groups, re.M) == COMMANDS

    @pytest.mark.parametrize("args", [["-?"], ["nonsense", "--he"], ["--help", "--nonsense"], ["help"]])
    def test_it_is_there_wherever_it_is_asked_for(self, offline, args):
        assert offline.run(*args).stdout == offline.run("--help").stdout

    @pytest.mark.parametrize("args", [["save", "-?"], ["-?", "save"], ["-q", "save", "a", "b", "--help"], ["save", "-?", "verify"]])
    def test_after_a_command_it_is_that_of_the_command(self, offline, args):
        assert offline.run(*args).stdout == offline.run("save", "--help").stdout
        assert "\nOptions of save:\n" in offline.run(*args).stdout

    def test_under_an_old_name_it_is_that_of_the_command(self, offline):
        (offline.cwd / "restore-metamodel").symlink_to(offline.binary)
        said = offline.run("--help", program=offline.cwd / "restore-metamodel").stdout
        assert said == offline.run("restore", "--help").stdout

    @pytest.mark.parametrize("topic, page", [("save", "metamodel-save"), ("help", "metamodel-help"),
                                             ("model", "5 metamodel-model")])
    def test_it_opens_the_manual(self, offline, topic, page):
        man = offline.cwd / "man"
        man.write_text('#!/bin/sh\necho "man $*"\nexit 16\n')
        man.chmod(0o755)
        offline.env["PATH"] = f"{offline.cwd}:{os.environ['PATH']}"
        result = offline.run("help", topic, expect=16)
        assert result.stdout == f"man {page}\n" and result.stderr == ""

    def test_there_need_be_no_man(self, offline):
        offline.env["PATH"] = "/nonexistent"
        assert offline.run("help", "save", expect=1).stderr == (
            "metamodel: error: there is no man here to show metamodel-save\n"
            "metamodel: hint: Try 'metamodel save --help'\n")

    def test_a_manual_that_is_not_there_is_not_looked_for(self, offline):
        offline.env["PATH"] = "/nonexistent"
        assert usage_error(offline.run("help", "sav", expect=2)) == "unknown command 'sav'"
        assert "two commands: 'save', 'list'" in usage_error(offline.run("help", "save", "list", expect=2))

    def test_version_is_that_of_the_project(self, offline):
        [version] = re.findall(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text())[:1]
        for option in ("--version", "-V"):
            result = offline.run(option)
            assert re.fullmatch(rf"metamodel {re.escape(version)}( \([^ ()]+\))?\n", result.stdout)
            assert result.stderr == ""

    @pytest.mark.parametrize("option", ["--help", "--version"])
    def test_it_needs_no_config_file(self, offline, option):
        offline.run("-c", "missing.conf", option)


class TestArguments:
    @pytest.mark.parametrize("args", [
        ["save", "onccf", "agentzh", "-j", "1", "-q"],
        ["-j", "1", "save", "onccf", "-q", "agentzh"],
        ["-qj1", "save", "onccf", "agentzh", "onccf"],
        ["--jobs=1", "-q", "save", "--", "onccf", "agentzh"],
        ["save", "onccf", "--", "agentzh"],
        ["save", "--job", "1", "--qui", "onccf", "--direc=metamodel", "agentzh"],
    ], ids=" ".join)
    def test_options_stand_anywhere_and_may_be_cut_short(self, dumped, args):
        assert dumped(*args) == ["agentzh", "onccf"]

    def test_a_name_may_be_that_of_a_command_or_a_file(self, metamodel, db):
        db.add_accounts("save", "verify", "metamodel")
        metamodel.run("save", "save", "metamodel")
        assert metamodel.tree().accounts() == ["metamodel", "save"]

    def test_behind_two_dashes_everything_is_a_name(self, metamodel, db):
        names = ["--", "--json", "-rf", "-?", ".hidden", ".x.com"]
        db.add_accounts(*names, "other")
        result = metamodel.run("save", "--", *names)
        assert metamodel.tree().accounts() == sorted(names) and result.stdout == ""

    def test_before_two_dashes_a_name_with_a_dash_is_an_option(self, metamodel, db):
        db.add_accounts("-rf")
        assert "-r" in usage_error(metamodel.run("save", "-rf", expect=2))

    @pytest.mark.parametrize("program", ["save-metamodel", "bin/save-metamodel"])
    def test_under_its_old_name_it_takes_what_save_takes(self, metamodel, dumped, program):
        (metamodel.cwd / "bin").mkdir()
        (metamodel.cwd / program).symlink_to(metamodel.binary)
        program = metamodel.cwd / program
        assert dumped(program=program) == ["_global", "agentzh", "onccf"]
        shutil.rmtree(metamodel.cwd / "metamodel")
        assert dumped("-q", "onccf", "-j1", program=program) == ["onccf"]
        result = metamodel.run("save", program=program, expect=1)
        assert "[save list] Account save does not exist." in result.stderr

    @pytest.mark.parametrize("args", [[".foo.com"], [".foo.com", "agentzh"], ["agentzh", "."],
                                      ["--host-suffix=.foo.com"]])
    def test_a_suffix_does_no_harm_where_there_is_no_farm(self, dumped, args):
        assert dumped("save", *args) == (["agentzh"] if "agentzh" in args else
                                         ["_global", "agentzh", "onccf"])

    def test_there_may_be_thousands_of_them(self, metamodel, db):
        db.add_accounts("agentzh", "onccf")
        missing = [f"missing{n:04}" for n in range(4998)]
        result = metamodel.run("save", "onccf", *missing, "agentzh", "--json", expect=3)
        assert metamodel.tree().accounts() == ["agentzh", "onccf"]
        assert "[missing0000 list] Account missing0000 does not exist.\n" in result.stderr
        assert "[missing0000 list] the same for 4997 other accounts: missing0001, " in result.stderr
        assert result.stderr.splitlines()[-1].endswith(f"Failed: {', '.join(missing)}.")
        assert len(result.report["accounts"]) == 5000

    @pytest.mark.parametrize("name", [b"a\xff", b"\xe4", b"\xed\xa0\x80"], ids=repr)
    def test_a_name_that_is_no_utf_8_is_named(self, metamodel, db, name):
        db.add_accounts("agentzh")
        result = metamodel.run("save", "agentzh", os.fsdecode(name), check=False)
        assert result.returncode in (2, 3) and "not valid UTF-8" in result.stderr, result


class TestConfig:
    def config(self, offline, text, *args, expect=2):
        (offline.cwd / "my.conf").write_text(text)
        return offline.run("save", "-c", "my.conf", *args, expect=expect)

    @pytest.mark.parametrize("text, words", [
        ("[metamodel]\n\nfrobnicate = 1\n", "my.conf:3: unknown key 'frobnicate' in [metamodel]"),
        ("[backend]\nhost = x\n[metamodel]\njobs = many\n", "my.conf:4: jobs: 'many' is not"),
        ("[metamodel]\nquiet = perhaps\n", "my.conf:2: quiet: "),
        ("[backend]\ntype = Oracle\n", "my.conf:2: type: invalid value 'Oracle': expected one of Pg, PgFarm"),
        ("[metamodel]\nwhat is this\n", "my.conf:2: expected [section] or key = value"),
        ("[backend]\npassword = 'open\n", "my.conf:2: the value begins with a quote"),
        ("[metamodel]\nquiet = yes\nverbose = yes\n", "quiet and verbose cannot be used together"),
        ("[metamodel]\n\x1b[2J = 1\n", r"my.conf:2: unknown key '\x1b[2J'"),
    ])
    def test_mistakes_in_a_file_are_named_with_their_line(self, offline, text, words):
        result = self.config(offline, text)
        assert words in result.stderr.splitlines()[0] and len(result.stderr.splitlines()) <= 2
        assert not RAW_CONTROLS.search(result.stderr) and result.stdout == ""

    @pytest.mark.parametrize("command", ["save", "verify"])
    def test_a_file_that_cannot_be_read_is_named(self, offline, command):
        (offline.cwd / "directory").mkdir()
        (offline.cwd / "loop").symlink_to("loop")
        for file, why in [("missing.conf", "No such file or directory"),
                          ("directory", "Is a directory"), ("loop", "Too many levels")]:
            result = offline.run(command, "-c", file, expect=2)
            assert re.match(rf"metamodel: error: {file}: .*{why}", result.stderr), result

    def test_a_file_that_may_not_be_read_is_named(self, offline):
        (offline.cwd / "my.conf").touch(mode=0)
        offline.cwd.chmod(0o755)

        def become_nobody():
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)

        try:
            result = offline.run("save", "-c", "my.conf", preexec_fn=become_nobody, expect=2)
        except PermissionError as error:
            pytest.skip(f"the program is out of reach for others: {error}")
        assert result.stderr == "metamodel: error: my.conf: Permission denied\n"

    def test_sections_and_keys_of_the_server_are_none_of_our_business(self, metamodel, db):
        db.add_accounts("agentzh")
        (metamodel.cwd / "my.conf").write_text(
            "[frontend]\nlog = x\n[backend]\nrecording = off\nstderr_file = y\n")
        metamodel.run("save", "-c", "my.conf")

    def test_its_keys_do_what_the_options_do(self, metamodel, db):
        db.add_accounts("agentzh")
        (metamodel.cwd / "my.conf").write_text(
            "[metamodel]\ndirectory = elsewhere\nquiet = yes\njson = yes\n")
        result = metamodel.run("save", "--config=my.conf")
        assert result.stderr == "" and result.report["result"] == "done"
        assert metamodel.tree("elsewhere").accounts() == ["_global", "agentzh"]
        metamodel.run("save", "-c", "my.conf", "-D", "here")
        assert metamodel.tree("here").accounts() == ["_global", "agentzh"]

    @pytest.mark.parametrize("name", ["PgFarm", "pgfarm"])
    def test_a_farm_is_asked_through_its_proxy(self, offline, name):
        result = self.config(offline, f"[backend]\ntype = {name}\n", expect=1)
        assert result.stderr.startswith("metamodel: error: the proxy: connection to server ")
        assert not (offline.cwd / "metamodel").exists()


class TestOutput:
    NAMES = ["a\x1b[2Jb", "bell\x07", "line\nmetamodel: error: forged", "tab\there",
             "return\rhere", "del\x7f", "csi\u009b2Jc", "next\u0085line"]

    def test_control_characters_in_names_do_not_reach_the_terminal(self, metamodel, db):
        db.add_accounts(*self.NAMES)
        for args in (["-v"], ["-n"], ["--json"]):
            result = metamodel.run("save", *args)
            assert not RAW_CONTROLS.search(result.stderr), repr(result.stderr)
            assert not re.search("^metamodel: error", result.stderr, re.M)
            assert not re.search("[\x00-\x09\x0b-\x1f]", result.stdout), repr(result.stdout)
        assert metamodel.tree().accounts() == sorted(["_global", *self.NAMES])
        assert {each["account"] for each in result.report["accounts"]} == {"_global", *self.NAMES}
        assert not RAW_CONTROLS.search(metamodel.run("verify", "-v").stderr)

    def test_nor_in_what_a_child_or_the_server_says(self, metamodel, db, fake_pg_dump):
        db.add_accounts(*self.NAMES)
        fake_pg_dump.fail("*", message="\x1b[2Jpg_dump:\terror:\r\x08 \x7f \u009b2J")
        result = metamodel.run("save", expect=1)
        assert not RAW_CONTROLS.search(result.stderr), repr(result.stderr)

    @pytest.mark.parametrize("closed", [[0], [1], [2], [0, 1, 2]], ids=str)
    def test_without_standard_files_no_message_ends_up_in_a_dump(self, metamodel, db, closed):
        db.add_accounts("agentzh")
        metamodel.run("save", "-v", "--json", check=False,
                      preexec_fn=lambda: [os.close(fd) for fd in closed])
        assert metamodel.tree().accounts() == ["_global", "agentzh"]
        assert "metamodel: debug" not in metamodel.tree().text("agentzh")
        metamodel.run("verify")

    def test_a_report_that_cannot_be_written_is_no_success(self, metamodel, db):
        db.add_accounts("agentzh")
        result = metamodel.run("-c", '"$0" save --json >/dev/full', metamodel.binary,
                               program="/bin/sh", expect=3)
        assert "the report: write: No space left on device" in result.stderr
        assert metamodel.tree().accounts() == ["_global", "agentzh"]

    @pytest.mark.parametrize("option", ["--help", "--version"])
    def test_nor_is_help_that_cannot_be_written(self, offline, option):
        result = offline.run("-c", '"$0" "$1" >/dev/full', offline.binary, option,
                             program="/bin/sh", check=False)
        assert result.returncode != 0 and "No space left" in result.stderr

    def test_nor_is_one_larger_than_a_buffer_whose_disk_is_full(self, metamodel, db):
        db.add_accounts(*(f"account_{number:03}" for number in range(90)))
        result = metamodel.run("-c", '"$0" status >/dev/full', metamodel.binary,
                               program="/bin/sh", expect=1)
        assert "standard output: write: No space left on device" in result.stderr

    @pytest.mark.parametrize("fds", [[1], [2], [1, 2]], ids=str)
    def test_a_listener_who_goes_away_takes_no_save_along(self, metamodel, db, fds):
        def break_pipes():
            reader, writer = os.pipe()
            os.close(reader)
            for fd in fds:
                os.dup2(writer, fd)

        db.add_accounts("agentzh")
        result = metamodel.run("save", "-v", "--json", preexec_fn=break_pipes, check=False)
        assert result.returncode in (0, 3)
        assert metamodel.tree().accounts() == ["_global", "agentzh"]
        assert not (metamodel.cwd / "metamodel.new").exists()
