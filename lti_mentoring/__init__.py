# SPDX-License-Identifier: Apache-2.0
"""An LTI 1.3 tool that takes people from applicant to credentialed mentor."""

__version__ = "0.1.0"
