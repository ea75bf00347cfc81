"""What browsers are told with every answer, whoever serves it."""

from __future__ import annotations

# Nothing may be loaded from, or sent to, anywhere but this server, whatever a library's page asks for.
POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' data: blob:; "
    "frame-ancestors 'self'; form-action 'self'; base-uri 'self'"
)
GUARDS = (
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
)
