# SPDX-License-Identifier: Apache-2.0
"""The rules of mentoring, in the trade's words; standard library only."""
