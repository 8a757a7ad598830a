package server

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pbx/decl"
	"pbx/media/sound"
)

// soundCommands are the commands about sound files.
func (s *Server) soundCommands() []decl.Command {
	return []decl.Command{{
		Words: "file convert", Synopsis: "Write a sound file in another format",
		Args: []decl.Arg{{Name: "from"}, {Name: "to"}}, Run: s.convertFile, Complete: s.completeSound,
		Help: "The extensions say the formats; 'core show file formats' lists those that can be read, and wav, sln, ulaw and alaw are written. " +
			"A name without a leading slash is one in the directory of the sounds. A file that is there is replaced.",
	}}
}

// soundPath is the path of a sound file that an operator names.
func (s *Server) soundPath(name string) (string, error) {
	switch {
	case filepath.IsAbs(name):
		return name, nil
	case !filepath.IsLocal(name):
		return "", fmt.Errorf("'%s' is an invalid filename!", name)
	}
	return filepath.Join(s.configuration().dirs.Sounds(), name), nil
}

func (s *Server) convertFile(_ context.Context, r *decl.Request) error {
	if len(r.Args) != 2 {
		return decl.ErrUsage
	}
	var paths [2]string
	for i := range paths {
		var err error
		if paths[i], err = s.soundPath(r.Arg(i)); err != nil {
			return err
		}
	}
	begun := s.now()
	if err := sound.Convert(paths[0], paths[1]); err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "Converted %s to %s in %dms\n", esc(r.Arg(0)), esc(r.Arg(1)), s.now().Sub(begun).Milliseconds())
	return nil
}

// completeSound offers what lies below the directory of the sounds, or below a path that
// is begun: sound files, and directories on the way to them.
func (s *Server) completeSound(args []string, prefix string) (names []string) {
	if len(args) > 1 {
		return nil
	}
	begun := prefix[:strings.LastIndexByte(prefix, '/')+1]
	dir, err := s.soundPath(begun + ".")
	if err != nil {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	kinds := sound.FileTypes()
	for _, e := range entries {
		ext := strings.TrimPrefix(filepath.Ext(e.Name()), ".")
		switch {
		case e.IsDir():
			names = append(names, begun+e.Name()+"/")
		case slices.ContainsFunc(kinds, func(k sound.FileType) bool { return k.Extension == ext }):
			names = append(names, begun+e.Name())
		}
	}
	return names
}
