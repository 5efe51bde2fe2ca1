"""Takes the time-stamps out of signed PDFs, with what they are about, for a judge that knows RFC 3161 but not PDF.

    time_stamps.py FOLDER FILE.pdf…

Writes FOLDER/NAME/N.token and FOLDER/NAME/N.data for each time-stamp of NAME.pdf: those over the document first, then the one over the
signature value.
"""

import pathlib
import re
import sys

from asn1crypto import cms

DICTIONARY = re.compile(rb"/SubFilter/(ETSI\.RFC3161|ETSI\.CAdES\.detached).*?/ByteRange\[(\d+) (\d+) (\d+) (\d+)\]", re.DOTALL)


def take_out(file: pathlib.Path, out: pathlib.Path) -> None:
    pdf = file.read_bytes()
    found = []
    in_signature = []
    for match in DICTIONARY.finditer(pdf):
        start, length, rest, rest_length = map(int, match.groups()[1:])
        content = cms.ContentInfo.load(bytes.fromhex(pdf[length + 1 : rest - 1].decode("ascii")))
        if match.group(1) == b"ETSI.RFC3161":
            found.append((content.dump(), pdf[start:length] + pdf[rest : rest + rest_length]))
            continue
        (signer,) = content["content"]["signer_infos"]
        for attribute in signer["unsigned_attrs"] or []:
            if attribute["type"].native == "signature_time_stamp_token":
                in_signature.append((attribute["values"][0].dump(), signer["signature"].native))
    out.mkdir(parents=True, exist_ok=True)
    for number, (token, data) in enumerate(found + in_signature):
        (out / f"{number}.token").write_bytes(token)
        (out / f"{number}.data").write_bytes(data)


if __name__ == "__main__":
    for name in sys.argv[2:]:
        file = pathlib.Path(name)
        take_out(file, pathlib.Path(sys.argv[1]) / file.stem)
