import OCI
import SQLite

/// The files of migrations/, which are built into the program, in order.
enum Migrations {
    static let all = [
        Migration(version: 1, name: "catalogue", sql: text(PackageResources._001_catalogue_sql)),
        Migration(version: 2, name: "record", sql: text(PackageResources._002_record_sql)),
        Migration(version: 3, name: "log", sql: text(PackageResources._003_log_sql)),
        Migration(version: 4, name: "robot", sql: text(PackageResources._004_robot_sql)),
        Migration(version: 5, name: "blob_content", sql: text(PackageResources._005_blob_content_sql)),
        Migration(version: 6, name: "growth", sql: text(PackageResources._006_growth_sql)),
        Migration(version: 7, name: "upload_ended", sql: text(PackageResources._007_upload_ended_sql)),
        Migration(version: 8, name: "collection", sql: text(PackageResources._008_collection_sql)),
        Migration(version: 9, name: "scrub", sql: text(PackageResources._009_scrub_sql)),
        Migration(version: 10, name: "quota", sql: text(PackageResources._010_quota_sql)),
        Migration(version: 11, name: "pull", sql: text(PackageResources._011_pull_sql)),
    ]

    static var migrator: Migrator {
        Migrator(all) { sql in Digest(.sha256, of: Array(sql.utf8)).hex }
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
