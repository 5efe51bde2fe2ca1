"""Validates reports by the rules of AdES for long-term signatures (ETSI EN 319 102-1 §5.6.3), offline: nothing is fetched.

    ades.py FILE.pdf…       the CA of FILE.pdf is FILE.pem

Everything but the CA must come out of the file: time-stamps, certificates, answers on revocation. `pyhanko sign adesverify` asks the
responders that certificates name and fails when they are gone, which is the very case that these reports are made for.

One line a file on standard output: "pass FILE", "late FILE" or "fail FILE", and why on standard error. Exit code 0 unless one fails.

late: the first time-stamp is one over the document, not one in the signature, because the authority was away at signing. EN 319 142-1 §6.3 takes
either for level B-T. pyHanko demands one in the signature ("No signature timestamp present", with the remark in its source that this should depend
on the policy) and calls every other file indeterminate. Such a file must fail for this reason alone, with all its time-stamps proven, and pyHanko's
validation as of today, with the answers on revocation that are in the file, must find it valid.
"""

import asyncio
import multiprocessing
import sys

from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESIndeterminate, AdESPassed
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.ades import ades_lta_validation, ades_with_time_validation
from pyhanko.sign.validation.dss import DocumentSecurityStore
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

NO_STAMP = "No signature timestamp present"


def specification(ca) -> SignatureValidationSpec:
    revocation = CertRevTrustPolicy(
        REQUIRE_REVINFO, freshness=None, freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION
    )
    certificates = CertValidationPolicySpec(trust_manager=SimpleTrustManager.build([ca]), revinfo_policy=revocation)
    return SignatureValidationSpec(
        cert_validation_policy=certificates,
        revinfo_gathering_policy=RevocationInfoGatheringSpec(
            online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY
        ),
        local_knowledge=LocalKnowledge(),
    )


async def as_of_today(embedded, ca) -> bool:
    """Whether the signature is valid today, offline, with answers on revocation from the file for every certificate."""
    store = DocumentSecurityStore.read_dss(embedded.reader)
    context = store.as_validation_context(
        {"trust_roots": [ca], "allow_fetching": False, "revocation_mode": "require"}
    )
    status = await async_validate_pdf_signature(embedded, context, context)
    return bool(status.bottom_line)


async def judge(file: str) -> tuple[str, str]:
    ca = load_cert_from_pemder(file.removesuffix(".pdf") + ".pem")
    with open(file, "rb") as pdf:
        (embedded,) = PdfFileReader(pdf).embedded_regular_signatures
        result = await ades_lta_validation(embedded, PdfSignatureValidationSpec(specification(ca)))
        existed = result.oldest_evidence_record_timestamp
        told = f"{result.ades_subindic} ({result.failure_msg}), existed at {existed}, {result.api_status.summary()}"
        if existed is not None and result.ades_subindic == AdESPassed.OK:
            return "pass", told
        late = (
            existed is not None
            and result.ades_subindic == AdESIndeterminate.SIG_CONSTRAINTS_FAILURE
            and "INTACT:TRUSTED,EXTENDED_WITH_LTA_UPDATES,ACCEPTABLE_MODIFICATIONS" in result.api_status.summary()
        )
        if late:
            with_time = await ades_with_time_validation(
                embedded.signed_data, specification(ca), raw_digest=embedded.compute_digest()
            )
            if with_time.failure_msg in (NO_STAMP, None) and await as_of_today(embedded, ca):
                return "late", told
        return "fail", told


def answer(file: str) -> bool:
    try:
        verdict, told = asyncio.run(judge(file))
    except Exception as error:  # Whatever hinders the judge is a no.
        verdict, told = "fail", f"{type(error).__name__}: {error}"
    print(verdict, file, flush=True)
    print(f"{file}: {told}", file=sys.stderr, flush=True)
    return verdict != "fail"


if __name__ == "__main__":
    with multiprocessing.Pool() as pool:
        sys.exit(0 if all(pool.map(answer, sys.argv[1:], chunksize=4)) else 1)
