"""Sub-word pieces without an unknown: byte-level BPE with the song's slots kept whole.

Every text can be encoded and comes back exactly, because the pieces bottom out in bytes. A space
belongs to the word after it, so one is put before every text and taken away again. A slot is one
piece, with its space or without, and never falls apart into letters.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from model.corpus.lines import ARTIST, TITLE

PAD, BOS, EOS = 0, 1, 2
_CONTROLS = ("<pad>", "<bos>", "<eos>")


class Pieces:
    """Text to piece ids and back."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        # A control's name inside a text is text.
        tokenizer.encode_special_tokens = True
        self._tokenizer = tokenizer
        self.size: int = tokenizer.get_vocab_size()
        self.artist_ids = self._slot_ids(ARTIST)
        self.title_ids = self._slot_ids(TITLE)

    @classmethod
    def train(cls, texts: Iterable[str], size: int) -> "Pieces":
        """Learn `size` pieces from texts."""
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        slots = [f"{space}{slot}" for slot in (ARTIST, TITLE) for space in (" ", "")]
        trainer = trainers.BpeTrainer(
            vocab_size=size - len(slots),
            special_tokens=list(_CONTROLS),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        blank = (" " + text.replace(ARTIST, "").replace(TITLE, "") for text in texts)
        tokenizer.train_from_iterator(blank, trainer)
        tokenizer.add_tokens([AddedToken(slot, normalized=False) for slot in slots])
        return cls(tokenizer)

    @classmethod
    def load(cls, file: Path) -> "Pieces":
        """Read what `save` wrote."""
        return cls(Tokenizer.from_file(str(file)))

    def save(self, file: Path) -> None:
        """Write the pieces as one tokenizer.json."""
        self._tokenizer.save(str(file), pretty=False)

    def encode(self, text: str) -> list[int]:
        """The pieces of a text, without BOS and EOS."""
        ids: list[int] = self._tokenizer.encode(" " + text, add_special_tokens=False).ids
        return ids

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` for many texts at once."""
        spaced = [" " + text for text in texts]
        encodings = self._tokenizer.encode_batch(spaced, add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of pieces; controls say nothing."""
        text: str = self._tokenizer.decode([i for i in ids if i > EOS], skip_special_tokens=False)
        return text.removeprefix(" ")

    def _slot_ids(self, slot: str) -> tuple[int, ...]:
        ids = (self._tokenizer.token_to_id(form) for form in (f" {slot}", slot))
        return tuple(i for i in ids if i is not None)
