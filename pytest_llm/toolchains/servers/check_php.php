<?php
// Stays, and lints what it is sent as `php -l` does: TICKET, a tab, {"text": ...} on a line; TICKET, a tab and
// {"said": what PHP says, "failed": whether it refused, or both null where it came to an end of its own} back.
// Each text has a process of its own, which knows nothing of the others. This one reads none, and has no name that
// a text could want for itself.
$php = FFI::cdef('
    void *fopen(const char *path, const char *mode);
    void zend_stream_init_fp(void *handle, void *file, const char *name);
    int php_lint_script(void *handle);
    void _exit(int status);
');
$handle = FFI::new('char[4096]'); // a zend_file_handle, of which all versions need less
while (($line = fgets(STDIN)) !== false) {
    [$ticket, $payload] = explode("\t", $line, 2);
    $child = pcntl_fork();
    if ($child === 0) {
        if (file_put_contents('snippet.php', json_decode($payload)->text) === false) {
            $php->_exit(2);
        }
        ob_start();
        $php->zend_stream_init_fp(FFI::addr($handle), $php->fopen('snippet.php', 'rb'), 'snippet.php');
        $failed = $php->php_lint_script(FFI::addr($handle)) !== 0;
        $answer = json_encode(['said' => ob_get_clean(), 'failed' => $failed], JSON_INVALID_UTF8_SUBSTITUTE);
        fwrite(STDOUT, "$ticket\t$answer\n");
        $php->_exit(0);
    }
    pcntl_waitpid($child, $status);
    if ($child < 0 || (pcntl_wifexited($status) && pcntl_wexitstatus($status) === 2)) {
        exit(1); // no process to be had, the folder is gone, the disk is full: another one is asked
    }
    if ($status !== 0) {
        fwrite(STDOUT, "$ticket\t{\"said\": null, \"failed\": null}\n");
    }
}
