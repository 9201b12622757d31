from typing import final

@final
class Prints:
    untold: int
