package main

import vault "github.com/hashicorp/vault/api"

func mounts(d *day) {
	sys := d.client.Sys()
	mounted, err := sys.ListMounts()
	d.ok(err)
	d.same(mounted[mount+"/"].Options, map[string]string{"version": "2"})
	d.ok(sys.TuneMount(mount, vault.MountConfigInput{DefaultLeaseTTL: "1h", MaxLeaseTTL: "2h"}))
	config, err := sys.MountConfig(mount)
	d.ok(err)
	d.same(config.MaxLeaseTTL, 7200)
	d.ok(sys.Unmount(mount))
	mounted, err = sys.ListMounts()
	d.ok(err)
	d.same(mounted[mount+"/"] == nil, true)
}

func sealStatus(d *day) {
	status, err := d.client.Sys().SealStatus()
	d.ok(err)
	d.same([]bool{status.Initialized, status.Sealed}, []bool{true, false})
	made, err := d.client.Sys().InitStatus()
	d.ok(err)
	d.same(made, true)
}

func health(d *day) {
	health, err := d.client.Sys().Health()
	d.ok(err)
	d.same([]bool{health.Initialized, health.Sealed, health.Standby}, []bool{true, false, false})
	leader, err := d.client.Sys().Leader()
	d.ok(err)
	d.same(leader.IsSelf, true)
}

func listings(d *day) {
	methods, err := d.client.Sys().ListAuth()
	d.ok(err)
	d.same(methods["token/"].Type, "token")
	devices, err := d.client.Sys().ListAudit()
	d.ok(err)
	d.same(devices["file/"].Type, "file")
}
