"""The fidelity card: where a simulator is like real students and where it is not, on one page.

- `make_card` measures a student model on a log of real students; `FidelityCard.save` writes the page and its JSON.
- Each module of one subject has a frozen dataclass of figures, with ``to_json`` and ``show``, and a function that
  measures it.
"""

from ldsim_env.simulator.card.making import CardPart, CardSettings, FidelityCard, make_card

__all__ = ["CardPart", "CardSettings", "FidelityCard", "make_card"]
