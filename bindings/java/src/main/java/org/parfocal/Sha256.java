package org.parfocal;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** SHA-256 of files, to compare unpacked libraries with the packed ones. */
final class Sha256 {
    private Sha256() {}

    /**
     * Reads a stream to its end.
     *
     * @param copy receives what was read; may be null
     * @return 64 hexadecimal digits in lower case
     */
    static String of(InputStream in, OutputStream copy) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
        byte[] buffer = new byte[1 << 16];
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
            digest.update(buffer, 0, read);
            if (copy != null) {
                copy.write(buffer, 0, read);
            }
        }
        StringBuilder text = new StringBuilder();
        for (byte b : digest.digest()) {
            text.append(String.format("%02x", b & 0xff));
        }
        return text.toString();
    }
}
