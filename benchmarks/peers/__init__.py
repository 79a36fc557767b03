"""The field's student models beside ours: their own classes, our data and protocol, one table.

    cd benchmarks && python -m peers          (from a clone; ``ldsim bench peers`` is the same)

- `peer` says what a peer is and unrolls one; `lstm`, `history`, `iekt` wrap pykt-toolkit's classes; `bkt` fits by
  pyBKT; `irt` and `elo` are the simple end; `ours` is LDSim by the same harness.
- `catalogue` lists them with their published widths; `split` reads the logs; `training` fits by Adam with stopping;
  `scoring` runs both tasks and raises the leak alarm; `cost` measures time and memory.
- `grid` runs what is not done yet; `report` makes the JSON, `page` the Markdown table and the plot.
"""
