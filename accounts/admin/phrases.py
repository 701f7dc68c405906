"""Phrases that others write and we translate: the admin theme's, the models' help texts, and why entries stop.

Nothing imports this; `makemessages` reads it, so that the catalogue keeps them.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

THEME = (
    _("Apply Filters"),
    _("All applications"),
    _("Cancel"),
    _("Click to cancel"),
    _("Dark"),
    _("Expand row"),
    _("Filters"),
    _("Forgotten your password or username?"),
    _("General"),
    _("Go back"),
    _("Light"),
    _("More actions"),
    _("Next"),
    _("No data"),
    _("No recent searches"),
    _("No results found"),
    _("No results matching your query"),
    _("Previous"),
    _("Recent searches"),
    _("Reset filters"),
    _("Return to site"),
    _("Run"),
    _("Search apps and models..."),
    _("Select action"),
    _("Select action to run"),
    _("Select all rows"),
    _("Select record"),
    _("Submit"),
    _("System"),
    _("This item will be deleted."),
    _("This page yielded into no results. Create a new item or reset your filters."),
    _("Toggle password visibility"),
    _("Type to search"),
    _("Welcome back to"),
    _("You have been successfully logged out from the administration"),
)

STOPS = (
    _("nobody sees its fills"),
    _("the account is switched off"),
    _("a message of the exchange could not be handled"),
)

HELP_TEXTS = (
    _("the hot queue that trades this account"),
    _("why no new position may be opened; empty while entries are allowed"),
    _("quantity of one entry, in base"),
    _("milliseconds of market time since the last frame of the connection"),
    _("the exchange's id of the last update in the book"),
    _("the parent's id at the exchange"),
)
