import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.util.JavacTask;
import com.sun.tools.javac.api.JavacTaskPool;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * Stays, and compiles what it is sent without running or writing any of it. A request is one line of words parted by
 * tabs: a ticket, the class path, then a name and the text in base64 for each file. The answer is one line: the ticket, a
 * tab, and JSON.
 */
public final class CheckJava {
    private static final long STACK = 16L << 20;
    private static final int USES = 50; // of what is known of the library, since it grows with the names of each text
    private final JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    private final StandardJavaFileManager files =
        compiler.getStandardFileManager(null, Locale.ROOT, StandardCharsets.UTF_8);
    private JavacTaskPool pool = new JavacTaskPool(1);
    private int uses;

    private static final class Source extends SimpleJavaFileObject {
        private final String text;
        private final int index;

        Source(int index, String name, String text) {
            super(URI.create("string:///" + name), Kind.SOURCE);
            this.index = index;
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }

    private String answer(String[] words) {
        List<Source> sources = new ArrayList<>();
        for (int i = 2; i + 1 < words.length; i += 2) {
            byte[] text = Base64.getDecoder().decode(words[i + 1]);
            sources.add(new Source(sources.size(), words[i], new String(text, StandardCharsets.UTF_8)));
        }
        List<String> options = List.of(
            "-proc:none", "-Xlint:all,-processing,-path,-options", "-XDshould-stop.ifError=FLOW", "-implicit:none",
            "-Xmaxerrs", "1000", "-Xmaxwarns", "100", "-cp", words[1]);
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        return pool.getTask(null, files, found, options, null, sources, task -> compiled(task, found));
    }

    /**
     * The pool, made for jshell, keeps what was read of the library and forgets the classes of the text, but not its
     * packages: then none of it is kept.
     */
    private String compiled(JavacTask task, DiagnosticCollector<JavaFileObject> found) {
        try {
            for (CompilationUnitTree unit : task.parse()) {
                if (unit.getPackage() != null || unit.getModule() != null) {
                    uses = USES;
                }
            }
            if (++uses >= USES) {
                pool = new JavacTaskPool(1);
                uses = 0;
            }
            int parsed = found.getDiagnostics().size();
            if (found.getDiagnostics().stream().noneMatch(d -> d.getKind() == Diagnostic.Kind.ERROR)) {
                task.analyze();
            }
            return json(found.getDiagnostics(), parsed);
        } catch (IOException unread) {
            throw new UncheckedIOException(unread);
        }
    }

    private static String json(List<Diagnostic<? extends JavaFileObject>> found, int parsed) {
        StringJoiner items = new StringJoiner(",", "{\"diagnostics\":[", "]}");
        for (int i = 0; i < found.size(); i++) {
            Diagnostic<? extends JavaFileObject> d = found.get(i);
            int file = d.getSource() instanceof Source s ? s.index : 0;
            items.add("{\"kind\":" + quoted(d.getKind().name()) + ",\"code\":" + quoted(d.getCode())
                + ",\"message\":" + quoted(d.getMessage(Locale.ROOT)) + ",\"file\":" + file
                + ",\"position\":" + d.getPosition() + ",\"parsing\":" + (i < parsed) + "}");
        }
        return items.toString();
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

    private static boolean tooMuch(Throwable thrown) {
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            if (t instanceof StackOverflowError || t instanceof OutOfMemoryError) {
                return true;
            }
        }
        return false;
    }

    private String answerOrReason(String line) {
        try {
            return answer(line.split("\t", -1));
        } catch (Throwable thrown) {
            String what = tooMuch(thrown) ? "limit" : "crash";
            return "{\"" + what + "\":" + quoted(thrown.toString()) + ",\"spent\":true}";
        }
    }

    private void serve(PrintStream out) {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
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
        Thread thread = new Thread(null, () -> new CheckJava().serve(out), "compiler", STACK);
        thread.start();
        thread.join();
    }
}
