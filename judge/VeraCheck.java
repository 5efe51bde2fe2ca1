// Asks veraPDF whether files keep a standard, without veraPDF's installer.
//
//   java -cp … VeraCheck FLAVOUR[,FLAVOUR…] FILE…      FLAVOUR: 3a (PDF/A-3a) or ua1 (PDF/UA-1)
//
// One line a question on standard output, three words: "pass" or "fail", the flavour, the file. Why a file fails goes to
// standard error. Exit code 0 when all pass, 1 when one fails, 2 for wrong use. All questions are asked in one Java machine, because
// starting it costs more than asking.
//
// The profiles are read by resource name: the directory look-up of the library does not work inside a jar.

import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.InputStream;
import java.util.Map;
import java.util.TreeMap;
import java.util.logging.LogManager;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;
import org.verapdf.pdfa.validation.profiles.Profiles;
import org.verapdf.pdfa.validation.profiles.ValidationProfile;

public class VeraCheck {
    private static final Map<String, String> PROFILES = Map.of("3a", "PDFA-3A", "ua1", "PDFUA-1");

    public static void main(String[] arguments) throws Exception {
        if (arguments.length < 2) {
            System.err.println("usage: VeraCheck 3a,ua1 FILE…");
            System.exit(2);
        }
        LogManager.getLogManager().reset();
        VeraGreenfieldFoundryProvider.initialise();
        boolean allPass = true;
        for (String flavour : arguments[0].split(",")) {
            ValidationProfile profile = profile(flavour);
            for (int i = 1; i < arguments.length; i++) {
                boolean passes = passes(arguments[i], PDFAFlavour.fromString(flavour), profile);
                System.out.printf("%s %s %s%n", passes ? "pass" : "fail", flavour, arguments[i]);
                allPass &= passes;
            }
        }
        System.exit(allPass ? 0 : 1);
    }

    private static ValidationProfile profile(String flavour) throws Exception {
        String resource = "org/verapdf/pdfa/validation/" + PROFILES.get(flavour) + ".xml";
        try (InputStream in = VeraCheck.class.getClassLoader().getResourceAsStream(resource)) {
            if (in == null) {
                throw new FileNotFoundException(resource);
            }
            return Profiles.profileFromXml(in);
        }
    }

    private static boolean passes(String file, PDFAFlavour flavour, ValidationProfile profile) {
        try (InputStream in = new FileInputStream(file);
                PDFAParser parser = Foundries.defaultInstance().createParser(in, flavour);
                PDFAValidator validator = Foundries.defaultInstance().createValidator(profile, false)) {
            ValidationResult result = validator.validate(parser);
            Map<String, Integer> reasons = new TreeMap<>();
            for (TestAssertion assertion : result.getTestAssertions()) {
                if (assertion.getStatus() == TestAssertion.Status.FAILED) {
                    String rule = assertion.getRuleId().getClause() + "-" + assertion.getRuleId().getTestNumber();
                    reasons.merge(rule + ": " + assertion.getMessage(), 1, Integer::sum);
                }
            }
            reasons.forEach((reason, times) -> System.err.printf("%s: %d × %s%n", file, times, reason));
            return result.isCompliant();
        } catch (Exception error) {
            System.err.printf("%s: %s%n", file, error);
            return false;
        }
    }
}
