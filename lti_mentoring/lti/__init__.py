# SPDX-License-Identifier: Apache-2.0
"""The LMS outside: LTI 1.3 launches, keys, tokens and grades; knows nothing of mentoring, tables or pages."""
