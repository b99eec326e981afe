import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.StringJoiner;
import java.util.stream.Stream;
import org.jetbrains.kotlin.cli.common.arguments.K2JVMCompilerArguments;
import org.jetbrains.kotlin.cli.common.messages.CompilerMessageSeverity;
import org.jetbrains.kotlin.cli.common.messages.CompilerMessageSourceLocation;
import org.jetbrains.kotlin.cli.common.messages.MessageCollector;
import org.jetbrains.kotlin.cli.jvm.K2JVMCompiler;
import org.jetbrains.kotlin.config.Services;

/**
 * Stays, and compiles what it is sent without running any of it. A request is one line of words parted by tabs: a
 * ticket, the class path, then a name and the text in base64 for each file. The answer is one line: the ticket, a tab,
 * and JSON. Files and classes lie in a folder that only this request has, and that is gone before the answer.
 */
public final class CheckKotlin {
    private static final long STACK = 16L << 20;
    private static final String ALLOWED = "/.kotlin.kt"; // of ours: no file of an answer begins with a point

    private static final class Told implements MessageCollector {
        private final StringJoiner items = new StringJoiner(",", "[", "]");
        private final List<String> paths;
        private String broken = "";
        private boolean errors;

        Told(List<String> paths) {
            this.paths = paths;
        }

        @Override
        public void clear() {}

        @Override
        public boolean hasErrors() {
            return errors;
        }

        @Override
        public void report(CompilerMessageSeverity severity, String message, CompilerMessageSourceLocation place) {
            errors |= severity.isError();
            if (severity == CompilerMessageSeverity.EXCEPTION) {
                broken = broken.isEmpty() ? message : broken;
            } else if (severity.isError() || severity.isWarning() && place != null) {
                int file = place == null ? -1 : paths.indexOf(place.getPath());
                items.add("{\"error\":" + severity.isError() + ",\"message\":" + quoted(message) + ",\"file\":" + file
                    + ",\"line\":" + (place == null ? 0 : place.getLine())
                    + ",\"column\":" + (place == null ? 0 : place.getColumn()) + "}");
            }
        }
    }

    private static String answer(String[] words) throws IOException {
        Path folder = Files.createTempDirectory(Path.of("").toAbsolutePath(), "request");
        try {
            List<String> paths = new ArrayList<>();
            for (int i = 2; i + 1 < words.length; i += 2) {
                Path path = folder.resolve(words[i]);
                Files.createDirectories(path.getParent());
                Files.write(path, Base64.getDecoder().decode(words[i + 1]));
                paths.add(path.toString());
            }
            return compiled(paths, words[1], folder.resolve("out"));
        } finally {
            remove(folder);
        }
    }

    private static String compiled(List<String> paths, String classpath, Path out) {
        List<String> options = new ArrayList<>(List.of(
            "-no-stdlib", "-no-reflect", "-Xrender-internal-diagnostic-names", "-Xdisable-default-scripting-plugin",
            "-classpath", classpath, "-d", out.toString()));
        if (paths.stream().anyMatch(path -> path.endsWith(ALLOWED))) {
            options.add("-Xallow-kotlin-package");
        }
        options.addAll(paths);
        K2JVMCompiler compiler = new K2JVMCompiler();
        K2JVMCompilerArguments arguments = new K2JVMCompilerArguments();
        compiler.parseArguments(options.toArray(new String[0]), arguments);
        Told told = new Told(paths);
        int code = compiler.exec(told, Services.EMPTY, arguments).getCode();
        return told.broken.isEmpty()
            ? "{\"diagnostics\":" + told.items + ",\"failed\":" + (code != 0) + "}"
            : broken(told.broken);
    }

    private static String broken(String reason) {
        boolean tooMuch = reason.contains("StackOverflowError") || reason.contains("OutOfMemoryError");
        return "{\"" + (tooMuch ? "limit" : "crash") + "\":" + quoted(reason) + ",\"spent\":true}";
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : (Iterable<Path>) all.sorted(Comparator.reverseOrder())::iterator) {
                Files.delete(path);
            }
        }
    }

    private static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : String.valueOf(text).toCharArray()) {
            if (c == '"' || c == '\\' || c < ' ' || c > '~') {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }

    private static String answerOrReason(String line) {
        try {
            return answer(line.split("\t", -1));
        } catch (Throwable thrown) {
            return broken(thrown.toString());
        }
    }

    private static void serve(PrintStream out) {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.print(line.substring(0, line.indexOf('\t') + 1) + answerOrReason(line) + "\n");
                out.flush();
            }
        } catch (IOException closed) {
            out.close();
        }
    }

    public static void main(String[] args) throws InterruptedException {
        PrintStream out = System.out;
        System.setOut(System.err);
        Thread thread = new Thread(null, () -> serve(out), "compiler", STACK);
        thread.start();
        thread.join();
    }
}
