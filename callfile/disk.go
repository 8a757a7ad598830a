package callfile

import (
	"cmp"
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// read reads a call file. It does not follow a link.
func read(path string) (string, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err == nil && len(b) > maxSize {
		err = errors.New("it is too big for a call file")
	}
	return string(b), err
}

// note adds text to a file, sets its modification time, and returns when both are
// on the disk.
func note(path, text string, modified time.Time) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = cmp.Or(err, os.Chtimes(path, modified, modified))
	return cmp.Or(err, f.Sync(), f.Close())
}
