"""Takes the time-stamps out of a signed PDF, with what they are about, for a judge that knows RFC 3161 but not PDF.

    time_stamps.py FILE.pdf FOLDER

Writes FOLDER/N.token and FOLDER/N.data for each: the one over the signature value first, then those over the document. Prints how many.
"""

import pathlib
import re
import sys

from asn1crypto import cms

DICTIONARY = re.compile(rb"/SubFilter/(ETSI\.RFC3161|ETSI\.CAdES\.detached).*?/ByteRange\[(\d+) (\d+) (\d+) (\d+)\]", re.DOTALL)


def main(file: str, folder: str) -> None:
    pdf = pathlib.Path(file).read_bytes()
    out = pathlib.Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    found = []
    for match in DICTIONARY.finditer(pdf):
        start, length, rest, rest_length = map(int, match.groups()[1:])
        content = cms.ContentInfo.load(bytes.fromhex(pdf[length + 1 : rest - 1].decode("ascii")))
        if match.group(1) == b"ETSI.RFC3161":
            found.append((content.dump(), pdf[start:length] + pdf[rest : rest + rest_length]))
            continue
        (signer,) = content["content"]["signer_infos"]
        for attribute in signer["unsigned_attrs"] or []:
            if attribute["type"].native == "signature_time_stamp_token":
                found.append((attribute["values"][0].dump(), signer["signature"].native))
    for number, (token, data) in enumerate(found):
        (out / f"{number}.token").write_bytes(token)
        (out / f"{number}.data").write_bytes(data)
    print(len(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
