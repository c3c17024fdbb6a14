# SPDX-License-Identifier: Apache-2.0
"""Pages and JSON: parse, check access, call one service, render."""
