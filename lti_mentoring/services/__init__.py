# SPDX-License-Identifier: Apache-2.0
"""Verbs: one verb, one transaction, no web request."""
