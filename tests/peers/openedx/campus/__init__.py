# SPDX-License-Identifier: AGPL-3.0-or-later
"""A one-course campus around Open edX's own LTI consumer, for tests to talk to over HTTP."""
