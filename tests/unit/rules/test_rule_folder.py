"""All bad lines at once, folders as augenrules merges them, and lines that cannot be loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import MOST_FAULTS, ManyFaultsError, UsageError
from harness.kernel.rules.file import load_rule_file
from harness.kernel.rules.format import format_rule
from harness.kernel.rules.warning import told_together
from harness.run.plan.plan import Plan, make_plan
from harness.run.plan.scenario import read_rule_files
from tests.support.requests import asked

GOOD = "-a always,exit -F arch=b64 -S execve -k exec\n"
LACKING = "-a always,exit -F path=/nowhere/at/all -F perm=x -k gone\n"


def written(path: Path, *lines: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(lines))
    return path


def planned(*paths: Path, **words: object) -> Plan:
    return make_plan(asked(rule_files=paths, workloads=("udp",), **words))


def test_every_bad_line_is_told(tmp_path: Path) -> None:
    file = written(
        tmp_path / "bad.rules", "-a always,exit -S nosuch\n", GOOD, "-b x\n", GOOD, "-e 2\n"
    )
    with pytest.raises(ManyFaultsError) as caught:
        load_rule_file(file)
    told = caught.value.lines()
    assert [line.split(": ")[0] for line in told] == [f"{file}:{n}" for n in (1, 3, 4, 5)]
    assert "the same as that of line 2" in told[2]
    assert "--ignore-lock" in told[3]
    assert caught.value.one_line() == told[0]
    assert caught.value.exit_code == 2


def test_bad_lines_beyond_the_first_are_counted(tmp_path: Path) -> None:
    file = written(tmp_path / "bad.rules", "-b x\n" * (MOST_FAULTS + 3))
    with pytest.raises(ManyFaultsError) as caught:
        load_rule_file(file)
    *told, last = caught.value.lines()
    assert len(told) == MOST_FAULTS
    assert last == "and 3 more bad lines"


def test_bad_lines_of_all_files_are_told(tmp_path: Path) -> None:
    one = written(tmp_path / "one.rules", "-b x\n")
    two = written(tmp_path / "two.rules", GOOD, "-b y\n")
    with pytest.raises(ManyFaultsError) as caught:
        read_rule_files([one, two, one], ignore_lock=False, exclude_exe=None)
    starts = [line.split(": ")[0] for line in caught.value.lines()]
    assert starts == [f"{one}:1", f"{two}:2"]


def test_a_folder_is_merged(tmp_path: Path) -> None:
    folder = tmp_path / "rules.d"
    written(folder / "10-last.rules", "-b 9\n", "-w /etc/hosts -p wa -k h\n")
    written(folder / "9-first.rules", "# one\n", GOOD, "-b 8192\n-D\n")
    written(folder / "old.rules.bak", "no rule\n")
    file = load_rule_file(folder)
    assert [format_rule(rule).split()[-1] for rule in file.rules] == ["key=exec", "h"]
    assert file.line_numbers == (2, 2)
    assert file.controls.given()["backlog_limit"] == 9
    told = "\n".join(told_together(file.warnings))
    assert f"{folder}/9-first.rules:3: augenrules drops the line" in told
    assert f"{folder}/old.rules.bak:1: augenrules does not read the file" in told


def test_bad_lines_of_a_folder_name_their_own_files(tmp_path: Path) -> None:
    folder = tmp_path / "rules.d"
    written(folder / "1.rules", GOOD, "-b x\n")
    written(folder / "2.rules", GOOD)
    with pytest.raises(ManyFaultsError) as caught:
        load_rule_file(folder)
    told = caught.value.lines()
    assert [line.split(": ")[0] for line in told] == [f"{folder}/1.rules:2", f"{folder}/2.rules:1"]
    assert f"the same as that of {folder}/1.rules:1," in told[1]


def test_a_path_that_cannot_be_looked_at_is_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    file = written(tmp_path / "1.rules", GOOD)
    monkeypatch.setattr(Path, "is_dir", refuse)
    assert len(load_rule_file(file).rules) == 1


def test_a_folder_gives_a_scenario_its_whole_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "rules.d"
    written(folder / "1.rules", GOOD)
    assert planned(folder).scenarios["udp"][-1].name == "rules.d"
    monkeypatch.chdir(folder)
    assert planned(Path()).scenarios["udp"][-1].name == "rules.d"


def test_what_this_host_lacks_is_left_out_if_asked(tmp_path: Path) -> None:
    file = written(
        tmp_path / "stig.rules", GOOD, LACKING, "-w /nowhere/dir/ -p wa\n", "-w /etc/hosts -k h\n",
        "-a always,exit -F arch=b64 -S openat -F uid=nosuchuser9\n",
    )  # fmt: skip
    with pytest.raises(ManyFaultsError) as caught:
        planned(file)
    assert len(caught.value.faults) == 3
    assert all("--skip-missing" in line for line in caught.value.lines())
    plan = planned(file, skip_missing=True)
    scenario = plan.scenarios["udp"][-1]
    assert [text.split()[-1].removeprefix("key=") for text in scenario.rule_text] == ["exec", "h"]
    assert plan.left_out == (f"{file}: 3 lines left out (--skip-missing), 2 rules measured",)
    (note,) = [note for note in scenario.notes if "left out" in note]
    assert note.startswith(f"{file}:2: left out (--skip-missing)")
    assert "likewise lines 3, 5" in note


def test_other_faults_are_no_reason_to_leave_a_line_out(tmp_path: Path) -> None:
    file = written(tmp_path / "bad.rules", LACKING, "-b x\n")
    with pytest.raises(UsageError, match=rf"^{file}:2: "):
        planned(file, skip_missing=True)
