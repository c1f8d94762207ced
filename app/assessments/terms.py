from app.labels import Labelled


class VersionState(Labelled):
    DRAFT = "draft", "草稿"
    SUBMITTED = "submitted", "待发布"
    PUBLISHED = "published", "已发布"
    RETIRED = "retired", "已停用"


class VersionOrigin(Labelled):
    SEED = "seed", "随系统提供"
    BUREAU = "bureau", "本局维护"
