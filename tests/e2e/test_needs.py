"""What scripts/test says before it builds anything."""
from suite import needs, testing


def test_what_is_imported_is_installed_by_setup():
    assert needs.undeclared() == []


def test_a_module_that_no_package_brings_is_found(tmp_path):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "tests").mkdir()
    every = sorted({*needs.TOOLS.values(), *needs.MODULES.values()})
    (tmp_path / "scripts/setup").write_text(" ".join(every[1:]))
    (tmp_path / "tests/test_it.py").write_text("import json\n\ndef test():\n    from numpy import array\n")
    first, second = needs.undeclared(tmp_path)
    assert first == f"scripts/setup does not install {every[0]}"
    assert "tests/test_it.py imports numpy" in second


def test_a_part_without_its_tool_fails_with_the_package(monkeypatch):
    monkeypatch.setitem(needs.TOOLS, "no-such-tool", "a-package")
    monkeypatch.setitem(needs._PARTS, "check", (("no-such-tool",), ()))
    assert testing._cannot_start(["check"]) == ["check: no-such-tool is not installed (Debian package a-package)"]


def test_an_address_in_the_lock_file_is_found(monkeypatch, tmp_path):
    monkeypatch.setattr(testing.where, "WEB", tmp_path)
    (tmp_path / "package-lock.json").write_text("""{"packages": {
        "": {"name": "ours"}, "a": {"integrity": "x", "resolved": "https://a.example/a.tgz"},
        "b": {"funding": {"url": "https://b.example/"}}}}""")
    assert testing._lock_file() == ["a.resolved: https://a.example/a.tgz", "b: no hash"]
