"""Puts the corpus and the question sets into the package: `advisor init` copies them to a folder of the user's.

They stand at the top of the repository, where people read and change them; a wheel can only hold what is below a package.
"""

from pathlib import Path
from shutil import copytree

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = ("corpus", "evals/questions", "evals/poisoned", "evals/baseline")
SHIPPED_FILES = ("evals/gate.toml",)


class BuildWithCorpus(build_py):
    """The usual build, and what is shipped below `advisor/shipped`."""

    def run(self) -> None:
        """Build."""
        super().run()
        if self.editable_mode:  # the program then finds them where they stand
            return
        target = Path(self.build_lib, "advisor", "shipped")
        for folder in SHIPPED:
            copytree(folder, target / folder, dirs_exist_ok=True)
        for name in SHIPPED_FILES:
            self.copy_file(name, str(target / name))


setup(cmdclass={"build_py": BuildWithCorpus})
