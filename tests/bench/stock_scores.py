# SPDX-License-Identifier: Apache-2.0
"""pylti1p3 sends scores: as its README has it (``documented``: a service connector for each launch, so a token and a parse of the private
key for each score), or with one connector that is kept (``kept``). Prints scores a second; the platform is the first of a fleet.
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import UTC, datetime

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pylti1p3.assignments_grades import AssignmentsGradesService
from pylti1p3.grade import Grade
from pylti1p3.service_connector import ServiceConnector
from pylti1p3.tool_config import ToolConfDict

SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/"


def configured(issuer: str) -> ToolConfDict:
    """The tool's configuration, with keys as text."""
    known = {"default": True, "client_id": "client-0", "auth_login_url": f"{issuer}/auth", "auth_token_url": f"{issuer}/token"}
    made = ToolConfDict({issuer: [known | {"key_set_url": f"{issuer}/jwks", "key_set": None, "deployment_ids": ["1"]}]})
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    made.set_private_key(issuer, private.decode(), "client-0")
    made.set_public_key(issuer, public.decode(), "client-0")
    return made


def main() -> None:
    """Send, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--issuer", required=True)
    parser.add_argument("--n", type=int, required=True)
    parser.add_argument("--way", choices=["documented", "kept"], required=True)
    told = parser.parse_args()
    registration = configured(told.issuer).find_registration_by_params(told.issuer, "client-0")
    connector = ServiceConnector(registration)
    claim = {"scope": [f"{SCOPE}{name}" for name in ("lineitem", "score")], "lineitem": f"{told.issuer}/lineitems/stock-{told.way}"}
    begun = time.perf_counter()
    for number in range(told.n):
        if told.way == "documented":
            connector = ServiceConnector(registration)
        grade = Grade().set_score_given(1).set_score_maximum(1).set_user_id(f"stock-{number}")
        grade.set_timestamp(datetime.now(UTC).isoformat()).set_activity_progress("Completed").set_grading_progress("FullyGraded")
        AssignmentsGradesService(connector, claim).put_grade(grade)
    print(json.dumps({"per_s": round(told.n / (time.perf_counter() - begun), 2)}))


if __name__ == "__main__":
    main()
