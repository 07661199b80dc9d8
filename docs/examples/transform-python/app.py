"""A transform in Python: what Standpipe calls, around the function in clean.py."""

import wit_world
from wit_world.imports.types import Kept, Outcome, Outcome_Drop, Outcome_Fail, Outcome_Keep, Record

from clean import clean


class WitWorld(wit_world.WitWorld):
    def apply(self, records: list[Record]) -> list[Outcome]:
        return [outcome(record.data) for record in records]


def outcome(data: bytes) -> Outcome:
    try:
        shaped = clean(data.decode())
    except ValueError as error:  # a UnicodeDecodeError is one, too
        return Outcome_Fail(message(error))
    if shaped is None:
        return Outcome_Drop()
    text, keys = shaped
    return Outcome_Keep(Kept(text.encode(), list(keys.items())))


def message(error: ValueError) -> str:
    return "the record is no UTF-8" if isinstance(error, UnicodeError) else str(error)
