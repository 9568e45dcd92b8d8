"""How much a service takes, and what it says where that is too much."""

from __future__ import annotations

from dataclasses import dataclass

from texturekit.errors import ParameterError

MB = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What one request, and all of them together, may ask for.

    Attributes
    ----------
    file : int
        Bytes a file.
    files : int
        Files a request.
    pictures : int
        Pictures a file, where a frames rule takes all of them.
    waiting : int
        Requests that wait for an answer or get one; further ones are told to come back.
    kept : int
        Files of the page that lie on the disk at once, waiting to be asked about.
    minutes : float
        How long such a file is kept, and how long a request may take to arrive.
    grace : float
        Seconds that it is kept even where new ones find no room.
    stall : float
        Seconds that a client may take to send the next bytes.
    """

    file: int = 64 * MB
    files: int = 32
    pictures: int = 64
    waiting: int = 64
    kept: int = 512
    minutes: float = 10.0
    grace: float = 30.0
    stall: float = 30.0

    def __post_init__(self) -> None:
        if not 0 < self.file <= 4000 * MB:
            raise ParameterError(
                f"files of up to {self.file / MB:g} MB are asked for; give --max-size 1 to 4000."
            )

    @property
    def request(self) -> int:
        """Bytes a request: some files of the largest size, or many small ones."""
        return 4 * self.file + MB

    @property
    def answered(self) -> int:
        """Files at once that came with their question."""
        return self.waiting * self.files

    @property
    def disk(self) -> int:
        """Bytes of all files that wait to be asked about; of those with their question too."""
        return 16 * self.file + MB


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """A request that is answered with a status and a sentence.

    Parameters
    ----------
    status : int
        4xx, or 503 where it may be asked again later.
    sentence : str
        What is wrong, and what to do.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence

    @property
    def headers(self) -> dict[str, str]:
        """What goes with the answer."""
        return {"Retry-After": "2"} if self.status in (429, 503) else {}
