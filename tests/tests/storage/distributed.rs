//! `distribute`, on a plain PostgreSQL server with stand-ins for the functions of Citus that write down how they were called, and on a cluster
//! where there is one.

use afterword_collector::DatabaseUrl;
use afterword_model::record::{Head, StoreEpoch};
use afterword_protocol::queue::{BeginReason, FormerEpoch, SeqRange};
use afterword_tests::Desk;
use afterword_tests::cluster::{Cluster, psql};
use anyhow::{Context as _, Result};

use super::place::Place;

/// What Citus would have: where each table is, and the functions that put it there.
const STAND_INS: &str = "
    create schema citus;
    set search_path = public, citus;
    create table citus.pg_dist_partition (
        logicalrelid regclass primary key, partkey text, beside text, leaves_rows bool not null default true,
        partmethod text not null default 'n', repmodel text not null default 't');
    create function create_reference_table(name regclass) returns void language plpgsql as $$ begin
        -- Citus makes tables of its own out of those that refer to it, and takes not all of them back.
        if current_setting('citus.enable_local_reference_table_foreign_keys', true) is distinct from 'off' and exists (
            select from pg_constraint where confrelid = name and conrelid <> name
            and conrelid not in (select logicalrelid from pg_dist_partition)) then
            raise exception 'other tables refer to %', name;
        end if;
        insert into pg_dist_partition values (name, null, null);
    end $$;
    create function create_distributed_table(name regclass, key text, colocate_with text default 'default')
        returns void language sql as $$ insert into pg_dist_partition values (name, key, colocate_with) $$;
    create function truncate_local_data_after_distributing_table(name regclass) returns void language sql
        as $$ update pg_dist_partition set leaves_rows = false where logicalrelid = name $$;
    create function create_distributed_function(signature text) returns void language sql
        as $$ select signature::regprocedure $$;";

/// A desk whose collector has been at work in a PostgreSQL database.
fn desk() -> Result<(Desk, Place, String)> {
    let url = Cluster::shared()?.database()?;
    let place = Place::on(Some(DatabaseUrl::parse(&url)?))?;
    let mut desk = Desk::new()?;
    desk.keep_in(&url);
    std::fs::create_dir(desk.path("collector"))?;
    place.copy_keys_to(&desk.path("collector"))?;
    Ok((desk, place, url))
}

const DISTRIBUTE: [&str; 3] = ["distribute", "--data", "collector"];

#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn every_table_gets_its_place_and_what_citus_asks_of_it_holds() -> Result<()> {
    let (desk, place, url) = desk()?;
    let till = place.device("Exit", 4)?;
    place.receipt(&till, 1, 2)?;
    psql(&url, STAND_INS)?;
    psql(&url, "alter database :x set search_path = public, citus".replace(":x", &name(&url)).as_str())?;
    let done = desk.run("afterword-collector", &DISTRIBUTE)?;
    assert_eq!(done.code, Some(0), "{}", done.everything());
    let again = desk.run("afterword-collector", &DISTRIBUTE)?;
    assert_eq!(again.last_line(), "-- Everything has its place already.", "{}", again.everything());

    // One of which Citus has made a table of its own, because it refers to another, has none.
    psql(&url, "update pg_dist_partition set repmodel = 's' where logicalrelid = 'day_notes'::regclass")?;
    let shown = desk.run("afterword-collector", &[&DISTRIBUTE[..], &["--print"]].concat())?;
    let left = shown.last_line();
    assert!(left.starts_with("select create_reference_table('day_notes'); select truncate"), "{left}");

    let nowhere_or_twice = psql(
        &url,
        "select relname from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
         and not relispartition and not exists (select from pg_dist_partition d where d.logicalrelid = c.oid)",
    )?;
    assert_eq!(nowhere_or_twice, "", "tables without a place");
    let leaving = psql(&url, "select logicalrelid from pg_dist_partition where leaves_rows")?;
    assert_eq!(leaving, "", "rows of before lie where nobody finds them");
    let beside = psql(
        &url,
        "select distinct partkey, beside from pg_dist_partition where partkey is not null order by 2",
    )?;
    assert_eq!(beside, "device_id|none\ndevice_id|stores\n");
    // A unique key of a divided table holds what it is divided by.
    let keys = psql(
        &url,
        "select i.indexrelid::regclass from pg_index i join pg_dist_partition d on d.logicalrelid = i.indrelid
         where i.indisunique and d.partkey is not null and not exists (select from pg_attribute a
             where a.attrelid = i.indrelid and a.attname = d.partkey and a.attnum = any (i.indkey))",
    )?;
    assert_eq!(keys, "");
    // What is referred to stands everywhere, or is divided alike and by a column of the reference.
    let references = psql(
        &url,
        "select c.conname from pg_constraint c join pg_dist_partition d on d.logicalrelid = c.conrelid
         left join pg_dist_partition r on r.logicalrelid = c.confrelid
         where c.contype = 'f' and not (r.logicalrelid is not null and r.partkey is null
             or d.partkey is not null and r.partkey is not null and exists (select from pg_attribute a
                 where a.attrelid = c.conrelid and a.attname = d.partkey and a.attnum = any (c.conkey)))",
    )?;
    assert_eq!(references, "");
    let triggers = psql(&url, "select tgname from pg_trigger where not tgisinternal")?;
    assert_eq!(triggers, "");
    let numbers = psql(
        &url,
        "select attrelid::regclass from pg_attribute where attidentity <> '' and atttypid <> 'int8'::regtype",
    )?;
    assert_eq!(numbers, "", "numbers that the server draws are big");

    // It goes on as before, and codes and names are nobody else's.
    place.receipt(&till, 3, 4)?;
    assert!(place.admin()?.device_add("Exit", None).is_err());
    psql(&url, "update devices set revoked_ms = 1").map(drop)?;
    let copy = "insert into devices (device_id, name, created_ms, code_digest, code_expires_ms)
                select decode(repeat('ab', 16), 'hex'), name, 0, code_digest, 0 from devices";
    assert!(psql(&url, copy).is_err(), "two with one code");
    assert_eq!(place.verified()?.records(), 4);
    Ok(())
}

/// Rows that were there before, and a run that broke off, on a real cluster.
#[test]
#[cfg_attr(
    not(has_citus),
    ignore = "needs a Citus coordinator's empty database, named by AFTERWORD_TEST_CITUS_URL"
)]
fn a_cluster_takes_what_was_there_and_leaves_nothing_behind() -> Result<()> {
    let mut place = Place::beside_citus()?;
    let url = place.url.clone().context("it has a URL")?;
    let (till, other) = (place.device("Exit", 9)?, place.device("Door", 5)?);
    place.receipt(&till, 1, 6)?;
    place.receipt(&other, 1, 5)?;
    let mut said = place.heartbeat(&till, 9)?;
    let lost = vec![SeqRange { first: 3, last: 4 }];
    let (epoch, head) = (StoreEpoch::new([5; 16]), Head::new([2; 32]));
    said.health.former = vec![FormerEpoch { epoch, last_seq: 6, head, reason: BeginReason::Rotted, lost }];
    place.beat(&till, &said)?;

    let statements = place.admin()?.distribution()?;
    let setting = statements.iter().find(|statement| statement.starts_with("set ")).context("a setting")?;
    for statement in &statements[..statements.len() - 8] {
        psql(&url, &format!("set client_min_messages = warning; {setting}; {statement}"))?;
    }
    assert!(place.admin()?.distribute()?.len() < 12, "what was done is passed over");
    assert_eq!(place.admin()?.distribute()?, Vec::<String>::new());
    let places = psql(&url, "select citus_table_type, count(*) from citus_tables group by 1 order by 1")?;
    assert!(places.starts_with("distributed|") && places.ends_with("\nreference|20\n"), "{places}");
    let left =
        psql(&url, "select logicalrelid from pg_dist_partition where pg_relation_size(logicalrelid) > 0")?;
    assert_eq!(left, "", "what is erased later would lie there for ever");

    place.restart()?;
    place.receipt(&till, 4, 9)?;
    let report = place.verified()?;
    assert_eq!((report.records(), report.receipts()), (14, 3));
    let rows = place.admin()?.device_list()?;
    let former =
        rows.iter().flat_map(|row| &row.stores).find(|store| store.is_former).context("it is kept")?;
    assert_eq!(former.lost, [SeqRange { first: 3, last: 4 }]);
    Ok(())
}

#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn a_database_without_citus_is_told_so_and_is_not_changed() -> Result<()> {
    let (desk, _place, url) = desk()?;
    let tables = || psql(&url, "select count(*) from pg_class where relnamespace = 'public'::regnamespace");
    let before = tables()?;
    let refused = desk.run("afterword-collector", &DISTRIBUTE)?;
    assert!(
        refused.code == Some(1) && refused.stderr.contains("no Citus coordinator's"),
        "{}",
        refused.everything()
    );
    let shown = desk.run("afterword-collector", &[&DISTRIBUTE[..], &["--print"]].concat())?;
    assert!(
        shown.stdout.contains("create_distributed_table('records', 'device_id'"),
        "{}",
        shown.everything()
    );
    assert_eq!(tables()?, before);
    let mut file = Desk::new()?;
    file.collector()?.terminate()?;
    let refused = file.run("afterword-collector", &DISTRIBUTE)?;
    assert!(
        refused.code == Some(1) && refused.stderr.contains("nothing to divide"),
        "{}",
        refused.everything()
    );
    Ok(())
}

fn name(url: &str) -> String {
    url.trim_start_matches("postgres:///").split('?').next().unwrap_or_default().to_owned()
}
