"""Validates a report by the rules of AdES for long-term signatures (ETSI EN 319 102-1 §5.6.3), offline: nothing is fetched.

    ades.py CA.pem FILE.pdf

Everything but the CA must come out of the file: time-stamps, certificates, answers on revocation. `pyhanko sign adesverify` asks the
responders that certificates name and fails when they are gone, which is the very case that these reports are made for.
Exit code 0 when the signature passes and its document time-stamps prove when it existed, 1 when not.
"""

import asyncio
import sys

from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import (
    REQUIRE_REVINFO,
    CertRevTrustPolicy,
    FreshnessReqType,
)
from pyhanko_certvalidator.registry import SimpleTrustManager


def main(ca: str, file: str) -> int:
    revocation = CertRevTrustPolicy(
        REQUIRE_REVINFO, freshness=None, freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION
    )
    certificates = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build([load_cert_from_pemder(ca)]), revinfo_policy=revocation
    )
    signature = SignatureValidationSpec(
        cert_validation_policy=certificates,
        revinfo_gathering_policy=RevocationInfoGatheringSpec(
            online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY
        ),
        local_knowledge=LocalKnowledge(),
    )
    with open(file, "rb") as pdf:
        (embedded,) = PdfFileReader(pdf).embedded_regular_signatures
        result = asyncio.run(ades_lta_validation(embedded, PdfSignatureValidationSpec(signature)))
    existed = result.oldest_evidence_record_timestamp
    print(f"{file}: {result.ades_subindic}, existed at {existed}, {result.api_status.summary()}")
    return 0 if result.ades_subindic == AdESPassed.OK and existed is not None else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
