# SPDX-License-Identifier: Apache-2.0
"""``python -m lti_mentoring``."""

from lti_mentoring.cli import main

main()
