"""``python -m ldsim_env`` is the ``ldsim`` command."""

from ldsim_env.cli import main

main()
