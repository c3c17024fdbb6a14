# SPDX-License-Identifier: Apache-2.0
"""Everything at rest: tables, nothing clever."""
