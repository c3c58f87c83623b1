// Checks what tests/verifier/golden.py wrote with Go's own transparency log library, which shares nothing with casework.
//
// On Debian, without a network:
//
//	apt-get install golang-go golang-golang-x-mod-dev
//	python -m tests.verifier.golden FOLDER
//	GO111MODULE=off GOPATH=/usr/share/gocode go run tests/data/go/main.go FOLDER
//	(cd FOLDER && find . -type f | LC_ALL=C sort | xargs sha256sum) > tests/data/go/accepted.txt
package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var folder = os.Args[1]
var accepted, refused int

func must(err error, what string) {
	if err != nil {
		fmt.Println("FAILED", what, err)
		os.Exit(1)
	}
}

func read(name string) string {
	data, err := os.ReadFile(filepath.Join(folder, name))
	must(err, name)
	return string(data)
}

func expect(err error, good bool, what string) {
	if (err == nil) != good {
		fmt.Println("FAILED", what, "accepted:", err == nil, err)
		os.Exit(1)
	}
	if good {
		accepted++
	} else {
		refused++
	}
}

func open(text string, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || lines[0] != verifier.Name() || len(lines) != 4 {
		return tlog.Tree{}, fmt.Errorf("not a checkpoint")
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func hashes(lines []string) []tlog.Hash {
	found := []tlog.Hash{}
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		must(err, line)
		found = append(found, hash)
	}
	return found
}

type files struct{}

func (files) Height() int { return 8 }

func (files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := [][]byte{}
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(folder, "log", path))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func (files) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func main() {
	verifier, err := note.NewVerifier(strings.TrimSpace(read("vkey")))
	must(err, "vkey")
	names, err := filepath.Glob(filepath.Join(folder, "*-*"))
	must(err, folder)
	for _, path := range names {
		name := filepath.Base(path)
		parts := strings.Split(name, "-")
		text := read(name)
		switch parts[0] {
		case "checkpoint":
			_, err := open(text, verifier)
			expect(err, true, name)
			_, err = open(strings.Replace(text, "\n", "1\n", 1), verifier)
			expect(err, false, name)
		case "proof":
			head, checkpoint, _ := strings.Cut(text, "\n\n")
			lines := strings.Split(head, "\n")
			tree, err := open(checkpoint, verifier)
			must(err, name)
			index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
			must(err, name)
			leaf := tlog.RecordHash([]byte(read("leaf-" + parts[2])))
			proof := hashes(lines[2:])
			expect(tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf), true, name)
			leaf[0] ^= 1
			expect(tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf), false, name)
		case "growth":
			head, checkpoint, _ := strings.Cut(text, "\n\n")
			lines := strings.Split(head, "\n")
			tree, err := open(checkpoint, verifier)
			must(err, name)
			old, err := open(read("checkpoint-"+parts[1]), verifier)
			must(err, name)
			proof := hashes(lines[1:])
			expect(tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash), true, name)
			old.Hash[0] ^= 1
			expect(tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash), false, name)
		}
	}
	tree, err := open(read("log/checkpoint"), verifier)
	must(err, "log")
	reader := tlog.TileHashReader(tree, files{})
	root, err := tlog.TreeHash(tree.N, reader)
	must(err, "log")
	if root != tree.Hash {
		must(fmt.Errorf("another root %s", base64.StdEncoding.EncodeToString(root[:])), "log")
	}
	for index := int64(0); index < tree.N; index++ {
		_, err := tlog.ProveRecord(tree.N, index, reader)
		expect(err, true, fmt.Sprint("log ", index))
	}
	fmt.Println("accepted", accepted, "refused", refused)
}
