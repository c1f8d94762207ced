"""For whom a connection looks, as far as the pool must know it: nobody sees with the eyes of whoever had it before."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# Where the site finds the registry: a view of what is in sight, which `app.commands.migrate` makes.
SITE_PATH = "sight, public"
# On a connection of the pool: somebody was looking, and it remembers whom.
_LOOKED = "tidu.looked"
_NOBODY = text(
    "SELECT set_config(name, '', :local) FROM "
    "unnest(ARRAY['tidu.everything', 'tidu.since', 'tidu.until', 'tidu.firm', 'tidu.carrier']) name"
)


class Looking(AsyncConnection):
    settled = False  # what it was told before is over
    lasting = False  # what it is told now, it remembers until it is told otherwise: no transaction ends it

    async def settle(self) -> None:
        """Until it is told for whom, it looks for nobody."""
        self.settled = True
        if self._told.get(_LOOKED):
            await super().execute(_NOBODY, {"local": not self.lasting})
            self._told[_LOOKED] = not self.lasting

    def looks(self) -> None:
        """It was just told for whom."""
        self.settled = True
        if self.lasting:
            self._told[_LOOKED] = True

    @property
    def _told(self) -> dict[Any, Any]:
        sync: Any = self.sync_connection
        info: dict[Any, Any] = sync.info
        return info
