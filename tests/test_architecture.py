"""The architecture as a test: which way imports point, how long files and functions may be, what may never be there."""

import ast
import importlib
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "nlu", "crm_core", "jobs", "config")
FOLDERS = (*PACKAGES, "benchmarks", "tests")
LONGEST_FILE = 500
LONGEST_FUNCTION = 40

CATCH_ALL = {
    "bot/assistant.py": "a handler that fails is answered with an apology and a person",
    "jobs/runner.py": "a job that fails is recorded as such and the next one runs",
    "crm_core/analytics/nightly.py": "a step of the night that fails is told as such and the next one runs",
    "jobs/personal_digests.py": "a digest that fails is tried again, then told; the others go out",
    "bot/delivery.py": "a message that breaks its channel must not stop all others",
    "bot/channels/telegram.py": "an update that cannot be stored is not confirmed; raising would end polling for good",
}
"""Where a failure of any kind ends and does not go on to the caller; elsewhere it is named, or raised again."""

UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "jsonpickle"}
UNSAFE_LOADS = {("joblib", "load"), ("yaml", "unsafe_load"), ("yaml", "full_load"), ("torch", "load")}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*folders: str) -> list[Path]:
    return sorted(
        path for folder in folders for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts
    )


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def handlers(tree: ast.Module) -> Iterator[ast.ExceptHandler]:
    """Every `except` that catches everything."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            names = {each.id for each in caught if isinstance(each, ast.Name)}
            if node.type is None or names & {"Exception", "BaseException"}:
                yield node


def body_lines(function: Function) -> int:
    """Lines of the body, its docstring left out."""
    body = function.body
    if ast.get_docstring(function, clean=False) is not None:
        body = body[1:]
    if not body:
        return 0
    first = min([body[0].lineno, *(each.lineno for each in getattr(body[0], "decorator_list", []))])
    return (function.end_lineno or first) - first + 1


@cache
def comments(path: Path) -> dict[int, str]:
    """Line → the comment on it, without marks that are meant for tools."""
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline)
    found = {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}
    marks = r"(noqa(:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*)?|type:\s*ignore(\[[\w, -]+\])?|pragma: no cover)[\s#—–-]*"
    return {line: re.sub(marks, "", text).strip() for line, text in found.items()}


def has_reason(path: Path, function: Function) -> bool:
    """Whether a comment from the `def` line to the end of its signature says why the function is long."""
    lines = range(function.lineno, max(function.lineno + 1, function.body[0].lineno))
    return any(len(comments(path).get(line, "").split()) >= 3 for line in lines)


def test_imports_point_one_way():
    command = Path(sys.executable).with_name("lint-imports")
    ran = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_no_file_is_too_long():
    counted = {short(path): len(path.read_text("utf-8").splitlines()) for path in sources(*FOLDERS)}
    assert {name: lines for name, lines in counted.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_too_long_without_a_reason_beside_it():
    long = []
    for path in sources(*FOLDERS):
        for node in ast.walk(parsed(path)):
            if isinstance(node, Function) and body_lines(node) > LONGEST_FUNCTION and not has_reason(path, node):
                long.append(f"{short(path)}:{node.lineno} {node.name}: {body_lines(node)} lines")
    assert long == []


@pytest.mark.parametrize("name", PACKAGES)
def test_our_packages_are_ours(name: str):
    """Other distributions bring packages of these names; one in the environment would stand in for ours."""
    module = importlib.import_module(name)
    assert Path(str(module.__file__)).parent == ROOT / name
    assert packages_distributions().get(name, []) == []


@pytest.mark.parametrize("name", PACKAGES)
def test_every_package_says_what_it_is(name: str):
    assert ast.get_docstring(parsed(ROOT / name / "__init__.py")), f"{name}/__init__.py has no docstring"


def test_failures_of_any_kind_end_only_where_they_may():
    swallowed = {
        f"{short(path)}:{handler.lineno}"
        for path in sources(*PACKAGES)
        for handler in handlers(parsed(path))
        if short(path) not in CATCH_ALL and not isinstance(handler.body[-1], ast.Raise)
    }
    assert swallowed == set()


def test_every_place_that_may_catch_all_does():
    idle = {name for name in CATCH_ALL if not any(handlers(parsed(ROOT / name)))}
    assert idle == set(), "take it off the list"


def test_nothing_is_loaded_that_could_run_code():
    found = []
    for path in sources(*PACKAGES):
        for node in ast.walk(parsed(path)):
            found += [f"{short(path)}:{node.lineno} {name}" for name in _unsafe(node)]  # type: ignore[attr-defined]
    assert found == []


def _unsafe(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names if alias.name.split(".")[0] in UNSAFE_MODULES]
    if isinstance(node, ast.ImportFrom):
        module = (node.module or "").split(".")[0]
        named = [alias.name for alias in node.names if (module, alias.name) in UNSAFE_LOADS]
        return [module] if module in UNSAFE_MODULES else named
    if isinstance(node, ast.Call):
        function = node.func
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            name = (function.value.id, function.attr)
            return [".".join(name)] if name in UNSAFE_LOADS else _pickles(node)
        if isinstance(function, ast.Name) and function.id in ("eval", "exec"):
            return [function.id]
    return []


def _pickles(call: ast.Call) -> list[str]:
    """NumPy's own way to unpickle."""
    allowed = [each.value for each in call.keywords if each.arg == "allow_pickle"]
    return ["allow_pickle"] if any(not isinstance(v, ast.Constant) or v.value is not False for v in allowed) else []


def test_the_limits_themselves_can_fail(tmp_path: Path):
    """The checks above see what they are meant to see."""
    text = (
        '\ndef a():\n    """Doc."""\n'
        + "    x = 1\n" * 41
        + "\ndef b():  # one table, read as a whole\n"
        + "    x = 1\n" * 41
    )
    text += "\ntry:\n    pass\nexcept (ValueError, Exception):\n    pass\n"
    path = tmp_path / "long.py"
    path.write_text(text, "utf-8")
    tree = ast.parse(text)
    a, b = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    assert (body_lines(a), body_lines(b)) == (41, 41)
    assert (has_reason(path, a), has_reason(path, b)) == (False, True)
    assert len(list(handlers(tree))) == 1
    samples = ("import pickle", "from joblib import load", "joblib.load(f)", "np.load(f, allow_pickle=True)", "eval(x)")
    assert all(any(_unsafe(node) for node in ast.walk(ast.parse(sample))) for sample in samples)
    assert not any(_unsafe(node) for node in ast.walk(ast.parse("np.load(f, allow_pickle=False); yaml.safe_load(f)")))
