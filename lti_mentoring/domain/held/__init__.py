# SPDX-License-Identifier: Apache-2.0
"""What is held about people, one file a noun: each has a tuple ``FIELDS``, which ``domain.privacy`` gathers by itself."""
