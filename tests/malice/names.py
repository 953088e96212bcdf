"""Names of jobs, files, folders, checkpoints and databases that lead elsewhere."""

from collections.abc import Callable, Sequence

from tests.malice.attempt import Attempt, Den
from tests.malice.texts import CHECK, text

LONG = "a" * 300


def name(given: str) -> Callable[[Den], Sequence[str]]:
    return lambda den: ["run", *den.job(), "--name", given]


def file(given: str) -> Callable[[Den], Sequence[str]]:
    """Return what gives the input another name."""

    def bait(den: Den) -> Sequence[str]:
        den.job()
        (den.work / "params.in").rename(den.work / given)
        return ["run", "--", given]

    return bait


def control(line: str) -> Callable[[Den], Sequence[str]]:
    """Return what gives CheckpointControl one more key."""

    def bait(den: Den) -> Sequence[str]:
        den.job()
        path = den.work / "params.in"
        kept = path.read_text().replace("  NamingFormat c%(count)\n", "")
        path.write_text(kept.replace("CheckpointControl\n", f"CheckpointControl\n  {line}\n"))
        return CHECK

    return bait


def results(given: str) -> Callable[[Den], Sequence[str]]:
    """Return what runs a job that names its results folder; OUT is the folder outside."""

    def bait(den: Den) -> Sequence[str]:
        return den.job(f"ResultsDirectory {given.replace('OUT', str(den.outside))}\n")

    return bait


def storage(url: str) -> Callable[[Den], Sequence[str]]:
    block = f"Optimizer\n  Type Optuna\n  Optuna\n    Storage {url}\n    StudyName s\n  End\nEnd\n"

    def bait(den: Den) -> Sequence[str]:
        den.job()
        path = den.work / "params.in"
        path.write_text(block.replace("OUT", str(den.outside)) + path.read_text())
        return CHECK

    return bait


def plain(*words: str) -> Callable[[Den], Sequence[str]]:
    return lambda den: words


NO_NAME = "is no name for a results folder"
NAMES = (
    *(
        Attempt(f"--name {given[:20]!r}", name(given), NO_NAME)
        for given in (
            "../outside/canary",
            "/tmp/canary",
            "a/../../canary",
            "",
            ".",
            "..",
            "a\0b",
            "a\nb",
            "\x1b[2J",
            "\u202egpj",
            LONG,
            "\u4e2d" * 80,
        )
    ),
    Attempt("--name -rf", name("-rf"), "Done", fails=False),
    Attempt("--name of a wide slash", name("a\uff0fb"), "Done", fails=False),
    Attempt("--name 'a b; touch canary'", name("a b; touch canary"), "Done", fails=False),
    Attempt("an input that begins with a dash", file("-rf.in"), "Done", fails=False),
    Attempt("an input of dots", file("...in"), "Done", fails=False),
    Attempt("an input of escape codes", file("\x1b[2J.in"), "Done", fails=False),
    Attempt("an input of a line break", file("a\nb.in"), "Done", fails=False),
    Attempt("an input of bytes that are no text", file("\udcff.in"), "Done", fails=False),
    Attempt("an input that is not there", plain("run", "\x1b[2J.in"), "There is no file"),
    Attempt("a command that is not there", plain("\x1b[2J"), "There is no file or command"),
    Attempt("status of escape codes", plain("status", "\x1b[2J"), "There is no results folder"),
    Attempt("show of a long name", plain("show", LONG), "cannot be read|no checkpoint"),
    Attempt("results in the folder's own", results("."), "give ResultsDirectory a new name"),
    Attempt("results above", results(".."), "is there already|name"),
    Attempt("results in what is there", results("OUT"), "is there already"),
    Attempt("results in the root", results("/"), "give ResultsDirectory a new name"),
    Attempt("results in a device", results("/dev/null"), "is there already"),
    Attempt("results of a long name", results(LONG), "cannot be made|too long"),
)
BAD = r"params\.in:\d+:\d+: .*"
FORMATS = (
    *(
        Attempt(f"NamingFormat {given[:24]}", control(f"NamingFormat {given}"), BAD + wanted)
        for given, wanted in {
            "../../canary": "slash",
            "/tmp/canary": "slash",
            "a\\..\\b": "slash",
            ".hidden": "begins with",
            "-rf": "begins with",
            "%(count": "does not close",
            "%(__class__)": "knows no",
            "%(0.__class__)": "knows no",
            "%(count)" + "a" * 300: "more than 200 bytes",
            '"a b"': "blanks or control",
            "\u202ea": "blanks or control",
        }.items()
    ),
    Attempt("NamingFormat {0.__class__}", control("NamingFormat {0.__class__}"), "no mist", False),
    Attempt("NamingFormat %s%n%x", control("NamingFormat %s%n%x"), "no mistakes", fails=False),
    Attempt("checkpoints in a file", control("CheckpointingDirectory params.in"), "no mist", False),
    Attempt("KeepPast 10**30", control(f"KeepPast {10**30}"), "at most 18 digits"),
    *(
        Attempt(f"Storage {url[:30]}", storage(url), wanted)
        for url, wanted in {
            "os.system://touch": "no database known|must be a URL",
            "pickle:///x": "no database known",
            "file:///etc/passwd": "no database known",
            "sqlite:///file:OUT/canary?mode=rwc&uri=true": "names no file",
            "sqlite://../x": "three slashes",
            "sqlite:///:memory:": "names no file",
            "postgresql://-oProxyCommand=touch/x": "driver",
            "x": "must be a URL",
        }.items()
    ),
    Attempt("a Storage elsewhere", storage("sqlite:///OUT/canary"), "no mistakes", fails=False),
    Attempt("a seed of 400 digits", text(f"RandomSeed {10**400}\n"), BAD),
    Attempt("10**18 optimizers", text(f"ParallelLevels Optimizations={10**18}\n"), BAD),
)
CATALOGUE = {"names": NAMES, "formats and addresses": FORMATS}
