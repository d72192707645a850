import pytest

from loom.session.place import login_shell, repository_name, working_directory


@pytest.mark.parametrize(
    ("repo", "name"),
    [
        ("https://example.org/o/r", "r"),
        ("https://example.org/o/r.git", "r"),
        ("https://example.org/o/r/", "r"),
        ("https://example.org/o/r.git/", "r"),
        ("", ""),
    ],
)
def test_the_folder_of_a_clone_is_gits(repo, name):
    assert repository_name(repo) == name


def test_the_shell_starts_in_the_first_place_that_exists(tmp_path):
    workspace, home, chosen = tmp_path / "workspace", tmp_path / "home", tmp_path / "chosen"
    env = {
        "LOOM_WORKDIR": str(chosen),
        "LOOM_WORKSPACE": str(workspace),
        "LOOM_REPO": "https://example.org/o/r.git",
        "HOME": str(home),
    }
    assert working_directory(env) == "/"
    for folder in (home, workspace, workspace / "r", chosen):
        folder.mkdir()
        assert working_directory(env) == str(folder)


def test_the_shell_is_the_users_else_bash_else_sh(tmp_path):
    programs = {name: tmp_path / name for name in ("fish", "bash")}
    for program in programs.values():
        program.touch(mode=0o755)
    path = {"PATH": str(tmp_path)}
    assert login_shell({**path, "SHELL": "fish"}) == [str(programs["fish"]), "-l"]
    assert login_shell({**path, "SHELL": str(programs["fish"])}) == [str(programs["fish"]), "-l"]
    assert login_shell({**path, "SHELL": str(tmp_path)}) == [str(programs["bash"]), "-l"]
    assert login_shell(path) == [str(programs["bash"]), "-l"]
    programs["bash"].chmod(0o644)
    assert login_shell({**path, "SHELL": "/nonexistent"}) == ["/bin/sh", "-l"]
