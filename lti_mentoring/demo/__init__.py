# SPDX-License-Identifier: Apache-2.0
"""A pocket LMS to try the tool with: course page, gradebook, decoded messages, quirks and faults; it signs anyone in."""
