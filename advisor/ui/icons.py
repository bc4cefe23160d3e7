"""The few icons of the page, drawn here: nothing is fetched."""

from __future__ import annotations

_PATHS = {
    "copy": '<rect x="9" y="9" width="11" height="11" rx="2"/><path d="M5 15H4V6a2 2 0 0 1 2-2h9v1"/>',
    "retry": '<path d="M20 11a8 8 0 1 0-2.3 6.3"/><path d="M20 4v7h-7"/>',
    "edit": '<path d="M4 20h4L19 9l-4-4L4 16z"/><path d="M13 7l4 4"/>',
    "up": '<path d="M7 11v9H4v-9z"/>'
    '<path d="M7 11l4-8a2.5 2.5 0 0 1 2.4 3L12.7 9H18a2 2 0 0 1 2 2.4l-1.2 6.5A2.5 2.5 0 0 1 16.3 20H7"/>',
    "down": '<path d="M17 13V4h3v9z"/>'
    '<path d="M17 13l-4 8a2.5 2.5 0 0 1-2.4-3l.7-3H6a2 2 0 0 1-2-2.4l1.2-6.5A2.5 2.5 0 0 1 7.7 4H17"/>',
    "menu": '<path d="M4 6h16M4 12h16M4 18h16"/>',
    "link": '<path d="M10 14a4 4 0 0 0 6 .4l3-3a4.2 4.2 0 0 0-6-6l-1.5 1.5"/>'
    '<path d="M14 10a4 4 0 0 0-6-.4l-3 3a4.2 4.2 0 0 0 6 6l1.5-1.5"/>',
    "more": '<circle cx="5" cy="12" r="1"/><circle cx="12" cy="12" r="1"/><circle cx="19" cy="12" r="1"/>',
}


def icon(name: str) -> str:
    """One icon as SVG, hidden from screen readers: the button around it has the words."""
    return (
        '<svg class="icon" viewBox="0 0 24 24" width="18" height="18" fill="none" stroke="currentColor" stroke-width="1.8" '
        f'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">{_PATHS[name]}</svg>'
    )
