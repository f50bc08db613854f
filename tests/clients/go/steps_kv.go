package main

import (
	"errors"

	vault "github.com/hashicorp/vault/api"
)

type object = map[string]any

func (d *day) put(path string, data object, options ...vault.KVOption) int {
	written, err := d.kv.Put(d.ctx, path, data, options...)
	d.ok(err)
	return written.VersionMetadata.Version
}

func (d *day) holds(path string, version int, wanted object) {
	read, err := d.kv.GetVersion(d.ctx, path, version)
	d.ok(err)
	d.same(read.Data, wanted)
}

// Deleted or destroyed: this client answers with the metadata and no data.
func (d *day) gone(version int) *vault.KVVersionMetadata {
	read, err := d.kv.GetVersion(d.ctx, secret, version)
	d.ok(err)
	d.same(read.Data, object(nil))
	return read.VersionMetadata
}

func (d *day) notFound(path string) {
	if _, err := d.kv.Get(d.ctx, path); !errors.Is(err, vault.ErrSecretNotFound) {
		d.fail("%s: got %v", path, err)
	}
}

func write(d *day) {
	d.ok(d.client.Sys().Mount(mount, &vault.MountInput{
		Type: "kv", Options: map[string]string{"version": "2"}}))
	d.same(d.put(secret, object{"password": "one"}), 1)
}

func read(d *day) {
	d.holds(secret, 0, object{"password": "one"})
	d.notFound("none")
}

func versions(d *day) {
	d.same(d.put(secret, object{"password": "two"}), 2)
	d.holds(secret, 1, object{"password": "one"})
	d.holds(secret, 0, object{"password": "two"})
	all, err := d.kv.GetVersionsAsList(d.ctx, secret)
	d.ok(err)
	d.same(len(all), 2)
}

func checkAndSet(d *day) {
	d.same(d.put(secret, object{"password": "three"}, vault.WithCheckAndSet(2)), 3)
	_, err := d.kv.Put(d.ctx, secret, object{}, vault.WithCheckAndSet(2))
	d.status(err, 400)
}

func remove(d *day) {
	d.ok(d.kv.Delete(d.ctx, secret))
	d.same(d.gone(3).DeletionTime.IsZero(), false)
	d.ok(d.kv.DeleteVersions(d.ctx, secret, []int{1}))
	d.same(d.gone(1).DeletionTime.IsZero(), false)
}

func undelete(d *day) {
	d.ok(d.kv.Undelete(d.ctx, secret, []int{1, 3}))
	d.holds(secret, 0, object{"password": "three"})
	d.holds(secret, 1, object{"password": "one"})
}

func destroy(d *day) {
	d.ok(d.kv.Destroy(d.ctx, secret, []int{1}))
	d.same(d.gone(1).Destroyed, true)
	rolled, err := d.kv.Rollback(d.ctx, secret, 2)
	d.ok(err)
	d.same(rolled.VersionMetadata.Version, 4)
	d.holds(secret, 0, object{"password": "two"})
}

func list(d *day) {
	d.put("app/more/one", object{})
	listed, err := d.client.Logical().List(mount + "/metadata/app")
	d.ok(err)
	d.same(listed.Data["keys"], []any{"db", "more/"})
	none, err := d.client.Logical().List(mount + "/metadata/none")
	d.ok(err)
	d.same(none == nil, true)
}

func metadata(d *day) {
	d.ok(d.kv.PutMetadata(d.ctx, secret, vault.KVMetadataPutInput{
		MaxVersions: 5, CustomMetadata: object{"owner": "team"}}))
	d.ok(d.kv.PatchMetadata(d.ctx, secret, vault.KVMetadataPatchInput{
		CustomMetadata: object{"since": "now"}}))
	data, err := d.kv.GetMetadata(d.ctx, secret)
	d.ok(err)
	d.same(data.CurrentVersion, 4)
	d.same(data.MaxVersions, 5)
	d.same(data.CustomMetadata, object{"owner": "team", "since": "now"})
	d.same(data.Versions["1"].Destroyed, true)
	d.ok(d.kv.DeleteMetadata(d.ctx, "app/more/one"))
	d.notFound("app/more/one")
}

func patch(d *day) {
	d.put("app/patch", object{"a": "one", "b": "two"})
	for _, method := range []string{"patch", "rw"} {
		_, err := d.kv.Patch(d.ctx, "app/patch", object{"b": method}, vault.WithMergeMethod(method))
		d.ok(err)
		d.holds("app/patch", 0, object{"a": "one", "b": method})
	}
}

func kv1(d *day) {
	d.ok(d.client.Sys().Mount(mount, &vault.MountInput{
		Type: "kv", Options: map[string]string{"version": "1"}}))
	kv := d.client.KVv1(mount)
	d.ok(kv.Put(d.ctx, "app", object{"a": "b"}))
	got, err := kv.Get(d.ctx, "app")
	d.ok(err)
	d.same(got.Data, object{"a": "b"})
	d.ok(kv.Delete(d.ctx, "app"))
	if _, err = kv.Get(d.ctx, "app"); !errors.Is(err, vault.ErrSecretNotFound) {
		d.fail("got %v", err)
	}
	d.ok(d.client.Sys().Unmount(mount))
}
